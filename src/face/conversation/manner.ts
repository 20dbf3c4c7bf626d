import type { CallContext, Client, Mode, Notice, Setting, snarfContract } from '#protocol'

export type Snarf = Pick<Client<typeof snarfContract>, 'plan' | 'observe'>

const OBSERVE_MS = 3_000

/** How this person wants to be answered, and why. */
export interface Manner {
  readonly mode: Mode
  readonly settings: readonly Setting[]
  /** For the system prompt; empty where there is nothing to say. */
  readonly instruction: string
  readonly sampling: { readonly temperature?: number | undefined }
}

export const NO_MANNER: Manner = { mode: 'default', settings: [], instruction: '', sampling: {} }

interface PlanAsked {
  readonly message: string
  /** Of which this is the question. */
  readonly turn: string
  readonly crisis: boolean
  readonly timeoutMs: number
}

export interface Planned {
  readonly manner: Manner
  readonly notices: readonly Notice[]
  readonly mannerMs: number
}

export const NOT_PLANNED_FOR: Planned = { manner: NO_MANNER, notices: [], mannerMs: 0 }

/** What cannot be learnt in time costs the answer its manner, not the person the answer. */
export async function planManner(
  snarf: Snarf,
  { timeoutMs, ...asked }: PlanAsked,
  { signal, trace }: CallContext,
): Promise<Planned> {
  const startedMs = performance.now()
  try {
    const manner = await snarf.plan(asked, { signal, trace, timeoutMs })
    return { manner, notices: [], mannerMs: performance.now() - startedMs }
  } catch {
    if (signal.aborted) throw signal.reason
    return { manner: NO_MANNER, notices: [NOT_PLANNED], mannerMs: performance.now() - startedMs }
  }
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
