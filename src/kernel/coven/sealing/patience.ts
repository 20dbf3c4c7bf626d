import { RunaError } from '#protocol'

/** After the first wrong passphrase, and after so many, doubled each time in between. */
const PAUSE_FIRST_MS = 1_000
const PAUSE_MAX_MS = 60_000

/** Bounds how many passphrases can be tried: one at a time, and after each wrong one a pause. */
export interface Patience {
  /** Rejects with BUSY while it is too early for another try, or with what `attempt` rejects with. */
  attempt<Result>(attempt: () => Promise<Result>): Promise<Result>
}

/** `nowMs`: of a clock that nobody sets. */
export function createPatience(nowMs: () => number = () => performance.now()): Patience {
  let wrongInARow = 0
  let untilMs = Number.NEGATIVE_INFINITY
  let isTrying = false

  return {
    async attempt(attempt) {
      if (isTrying) throw new RunaError('BUSY', 'Somebody is opening the vault just now.')
      const waitMs = untilMs - nowMs()
      if (waitMs > 0) {
        const seconds = Math.ceil(waitMs / 1_000)
        throw new RunaError('BUSY', `After a wrong passphrase there is a pause: ${seconds} s are left of it.`)
      }
      isTrying = true
      try {
        const result = await attempt()
        wrongInARow = 0
        return result
      } catch (error) {
        if (error instanceof RunaError && error.code === 'VAULT_KEY_WRONG') {
          untilMs = nowMs() + Math.min(PAUSE_MAX_MS, PAUSE_FIRST_MS * 2 ** wrongInARow)
          wrongInARow += 1
        }
        throw error
      } finally {
        isTrying = false
      }
    },
  }
}
