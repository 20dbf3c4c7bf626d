import { setTimeout as sleep } from 'node:timers/promises'
import { type ErrorCode, RunaError } from '#protocol'

const PAUSE_MS = 50
const PAUSE_MS_MAX = 500

export interface Patience {
  /** From the first attempt on; then the last error is the answer. */
  readonly patienceMs: number
  readonly codes: readonly ErrorCode[]
  readonly signal: AbortSignal
}

/** Tries again what failed with one of these codes, since a service that was lost is usually back within a second. */
export async function patiently<Result>(
  attempt: () => Promise<Result>,
  { patienceMs, codes, signal }: Patience,
): Promise<Result> {
  const endMs = performance.now() + patienceMs
  for (let pauseMs = PAUSE_MS; ; pauseMs = Math.min(PAUSE_MS_MAX, 2 * pauseMs)) {
    try {
      return await attempt()
    } catch (error) {
      const passing = error instanceof RunaError && codes.includes(error.code)
      if (!passing || signal.aborted || performance.now() + pauseMs > endMs) throw error
    }
    await sleep(pauseMs, undefined, { signal }).catch(() => {
      throw signal.reason
    })
  }
}
