import { monotonicMs } from '../clock.ts'

/** How often a service has died, as one gilgul hands it on to the next. Times are of `monotonicMs`. */
interface Patience {
  readonly deaths: number[]
  readonly failedStarts: number
  readonly attempts: number
}

/** How a process that died is brought back. */
export interface RestartPolicy {
  /** The first pause is at most this long, and each further one may be twice as long as the one before. */
  readonly pauseFirstMs: number
  readonly pauseMaxMs: number
  /** One that ran for so long is healthy again: its next pause is a first one. */
  readonly healthyMs: number
  /** So many deaths within the window are borne; one more, and it is given up. */
  readonly deathsMax: number
  readonly windowMs: number
  /** So many starts in a row may end before they were ready. */
  readonly failedStartsMax: number
}

export const RESTART_DEFAULT: RestartPolicy = {
  pauseFirstMs: 100,
  pauseMaxMs: 10_000,
  healthyMs: 10_000,
  deathsMax: 10,
  windowMs: 60_000,
  failedStartsMax: 3,
}

interface Life {
  /** Undefined where it died before it was ready. */
  readonly ranMs: number | undefined
}

export interface Restarts {
  /** How long to wait before the next start; undefined when it is to be given up. */
  pauseAfter(life: Life): number | undefined
  /** Begins anew: a person wants it to be tried. */
  forget(): void
  /** What is handed on to the next gilgul. */
  patience(): Patience
}

export interface RestartsOptions {
  /** A clock that no one can set: a changed date must neither hasten a restart nor hold it back. */
  readonly nowMs?: () => number
  readonly random?: () => number
  /** From an earlier gilgul. */
  readonly patienceBefore?: Patience | undefined
}

/**
 * Exponential backoff with full jitter (M. Brooker, "Exponential Backoff And Jitter", AWS Architecture Blog, 2015):
 * services that died together do not come back in step, again and again.
 */
export function createRestarts(policy: RestartPolicy, options: RestartsOptions = {}): Restarts {
  const { nowMs = monotonicMs, random = Math.random, patienceBefore } = options
  let { deaths, failedStarts, attempts } = patienceBefore ?? { deaths: [], failedStarts: 0, attempts: 0 }

  return {
    pauseAfter({ ranMs }) {
      const now = nowMs()
      deaths = [...deaths.filter((death) => now - death < policy.windowMs), now]
      failedStarts = ranMs === undefined ? failedStarts + 1 : 0
      if (ranMs !== undefined && ranMs >= policy.healthyMs) attempts = 0
      if (deaths.length > policy.deathsMax || failedStarts >= policy.failedStartsMax) return undefined
      const ceilingMs = Math.min(policy.pauseMaxMs, policy.pauseFirstMs * 2 ** attempts)
      attempts += 1
      return random() * ceilingMs
    },
    forget() {
      deaths = []
      failedStarts = 0
      attempts = 0
    },
    patience: () => ({ deaths, failedStarts, attempts }),
  }
}
