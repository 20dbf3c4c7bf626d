import { RunaError } from '#protocol'

/**
 * How a key fades: its strength is 1 when it is used, half of that after `halfLifeMs`, and so on. Below `threshold`
 * the next sweep evicts it.
 */
export interface Decay {
  readonly halfLifeMs: number
  /** Between 0 and 1, both excluded. */
  readonly threshold: number
}

/** Longer would be for ever: some 31,000 years. */
const DURATION_MS_MAX = 1e15
/**
 * A use is noted once it gains a tenth of the strength: after this part of a half-life. A key that is read all the time
 * is written to a few times in each half-life, and its readers do not take its memory from each other.
 */
const NOTED_AFTER = Math.log2(1 / 0.9)

/** What is left, after that time, of a strength of 1. A clock that was set back takes nothing away. */
export function strengthAfter(elapsedMs: number, halfLifeMs: number): number {
  return elapsedMs > 0 ? 2 ** (-elapsedMs / halfLifeMs) : 1
}

export function isWeak(elapsedMs: number, { halfLifeMs, threshold }: Decay): boolean {
  return strengthAfter(elapsedMs, halfLifeMs) < threshold
}

/** Whether a use after that time is worth a store to memory that others read. */
export function isWorthNoting(elapsedMs: number, halfLifeMs: number): boolean {
  return elapsedMs > halfLifeMs * NOTED_AFTER || elapsedMs < 0
}

/** Throws BAD_INPUT. */
export function checkDuration(name: string, durationMs: number): number {
  if (typeof durationMs === 'number' && durationMs > 0 && durationMs <= DURATION_MS_MAX) return durationMs
  throw new RunaError('BAD_INPUT', `${name} is above 0 and at most ${DURATION_MS_MAX} ms, not ${durationMs}.`)
}

/** Throws BAD_INPUT. */
export function checkDecay({ halfLifeMs, threshold }: Decay): Decay {
  checkDuration('A half-life', halfLifeMs)
  if (typeof threshold === 'number' && threshold > 0 && threshold < 1) return { halfLifeMs, threshold }
  throw new RunaError('BAD_INPUT', `A threshold lies between 0 and 1; ${threshold} does not.`)
}
