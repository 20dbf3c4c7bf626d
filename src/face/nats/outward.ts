import { setTimeout as sleep } from 'node:timers/promises'
import type { FarSide } from './far-side.ts'
import type { NearMessage, NearSide } from './near-side.ts'

/** Sent together, before the far side has said that it has them. */
const BATCH = 64
const RETRY_MS = 500
const RETRY_MS_MAX = 15_000

export interface Outward {
  readonly near: NearSide
  readonly far: FarSide
  readonly signal: AbortSignal
  readonly onSent: (messages: number) => void
  /** Undefined once it is mended. */
  readonly onFault: (fault: unknown) => void
}

/**
 * Carries what is published here to the far side until the signal: in order, each once, beginning after what the far
 * side already has of this bus. While the far side is away, it waits; what the ring holds by then goes on.
 */
export async function carryOut(outward: Outward): Promise<void> {
  const { near, signal } = outward
  let reached = await untilDone(outward, () => reachedSequence(outward))
  for await (const batch of near.messages(BATCH, signal)) {
    const fresh = batch.filter(({ sequence }) => isAfter(sequence, reached))
    if (fresh.length > 0) await untilDone(outward, () => send(outward, fresh))
    const last = batch.at(-1)?.sequence
    if (last !== undefined && isAfter(last, reached)) reached = last
    if (signal.aborted) return
  }
}

/** Where the far side keeps what it was sent, it knows best. */
async function reachedSequence({ near, far }: Outward): Promise<number | undefined> {
  const id = await far.lastSentId()
  const known = id === undefined ? undefined : readId(id, near.life)
  return known ?? near.progress.read()
}

async function send({ near, far, onSent }: Outward, messages: readonly NearMessage[]): Promise<void> {
  await far.send(messages.map(({ bytes, sequence }) => ({ bytes, id: writeId(near.life, sequence) })))
  const last = messages.at(-1)
  if (last) near.progress.write(last.sequence)
  onSent(messages.length)
}

/** Again and again, since the far side may be away for days. Rejects only once the signal has fired. */
async function untilDone<Result>({ signal, onFault }: Outward, work: () => Promise<Result>): Promise<Result> {
  let pauseMs = RETRY_MS
  for (;;) {
    try {
      const result = await work()
      onFault(undefined)
      return result
    } catch (error) {
      if (signal.aborted) throw error
      onFault(error)
      await sleep(pauseMs, undefined, { signal })
      pauseMs = Math.min(RETRY_MS_MAX, pauseMs * 2)
    }
  }
}

function isAfter(sequence: number, reached: number | undefined): boolean {
  return reached === undefined || ((sequence - reached) | 0) > 0
}

function writeId(life: string, sequence: number): string {
  return `${life}/${sequence}`
}

/** The sequence, where the message is one of that life. */
function readId(id: string, life: string): number | undefined {
  const sequence = id.startsWith(`${life}/`) ? Number(id.slice(life.length + 1)) : Number.NaN
  return Number.isInteger(sequence) ? sequence : undefined
}
