import type { Wiring } from '../seat/wiring.ts'
import type { StatisticsRow } from '../statistics/row.ts'

/** What a consumer has missed so far. */
interface Misses {
  readonly lost: number
  readonly expired: number
}

/** Counts, and announces, what a consumer has missed since it was last asked about the same one. */
export type LossCounter = (consumer: Misses) => void

/** A consumer that goes on losing says so at most this often; the last count waits for the next loss. */
const ANNOUNCED_EVERY_MS = 100

export function createLossCounter(
  { own }: Pick<Wiring, 'own'>,
  statistics: StatisticsRow,
  announce: (what: 'messages-expired' | 'messages-lost', count: number) => void,
): LossCounter {
  const known = new WeakMap<Misses, Misses>()
  const waiting = { lost: 0, expired: 0 }
  let announcedAtMs = Number.NEGATIVE_INFINITY

  return (consumer) => {
    const before = known.get(consumer)
    const lost = consumer.lost - (before?.lost ?? 0)
    const expired = consumer.expired - (before?.expired ?? 0)
    if (lost === 0 && expired === 0) return
    known.set(consumer, { lost: consumer.lost, expired: consumer.expired })
    own.count('lost', lost)
    own.count('expired', expired)
    statistics.count('lost', lost)
    statistics.count('expired', expired)
    waiting.lost += lost
    waiting.expired += expired
    if (performance.now() < announcedAtMs + ANNOUNCED_EVERY_MS) return
    announcedAtMs = performance.now()
    if (waiting.lost > 0) announce('messages-lost', waiting.lost)
    if (waiting.expired > 0) announce('messages-expired', waiting.expired)
    waiting.lost = 0
    waiting.expired = 0
  }
}
