import type { AnswerRecord, CallContext, Client, Mode, Notice, Setting, snarfContract } from '#protocol'

export type Snarf = Pick<Client<typeof snarfContract>, 'plan' | 'observe'>

/** A person waits for it, so it may not take long: an answer in the wrong manner is better than a late one. */
const PLAN_MS = 150
const OBSERVE_MS = 3_000

/** As the policies name it. */
const CRISIS_DIMENSION = 'self-harm'
const CRISIS_TURNS = 20

/** How this person wants to be answered, and why. */
export interface Manner {
  readonly mode: Mode
  readonly settings: readonly Setting[]
  /** For the system prompt; empty where there is nothing to say. */
  readonly instruction: string
  readonly sampling: { readonly temperature?: number | undefined }
}

export const NO_MANNER: Manner = { mode: 'default', settings: [], instruction: '', sampling: {} }

/** What cannot be learnt in time costs the answer its manner, not the person the answer. */
export async function planManner(
  snarf: Snarf,
  { message, turn, crisis }: { readonly message: string; readonly turn: string; readonly crisis: boolean },
  { signal, trace }: CallContext,
): Promise<{ readonly manner: Manner; readonly notices: readonly Notice[] }> {
  try {
    return {
      manner: await snarf.plan({ message, turn, crisis }, { signal, trace, timeoutMs: PLAN_MS }),
      notices: [],
    }
  } catch {
    if (signal.aborted) throw signal.reason
    return { manner: NO_MANNER, notices: [NOT_PLANNED] }
  }
}

/** Whether the policy met plain words of self-harm lately. It does not recognise most people in distress. */
export function inCrisis(records: readonly Pick<AnswerRecord, 'verdicts'>[]): boolean {
  const lately = records.slice(-CRISIS_TURNS).flatMap(({ verdicts }) => verdicts)
  return lately.some(({ dimension }) => dimension === CRISIS_DIMENSION)
}

/** Tells what the person has written, so that what it asks for in words holds from the next turn on. Never rejects. */
export async function observeMessage(
  snarf: Snarf,
  said: { readonly message: string; readonly turn: string },
  trace: string,
): Promise<Notice[]> {
  // Without the signal: what somebody asked for holds also where they stopped the answer to it.
  const heard = snarf.observe(said, { trace, timeoutMs: OBSERVE_MS })
  return heard.then(
    () => [],
    () => [NOT_HEARD],
  )
}

const NOT_PLANNED: Notice = {
  kind: 'manner-failed',
  detail: 'How you like to be spoken to could not be looked up for this answer.',
}
const NOT_HEARD: Notice = {
  kind: 'manner-failed',
  detail: 'If this message said how you like to be spoken to, say it again: it could not be kept.',
}
