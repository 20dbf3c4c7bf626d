import { typeable } from '#kernel/home'

/** What a script may rely on. */
export const EXIT_CODES = `
Exit codes:
  0    done
  1    failed; trying the same again will not help
  2    wrong arguments or input
  3    failed for now; the same may succeed later
  130  stopped by a signal`

export interface Told {
  readonly code: string
  readonly message: string
  readonly advice: string
}

/** Says on stderr what happened and what to do about it, in words that can be typed here. */
export function tell({ code, message, advice }: Told, json: boolean): void {
  const error = { code, message: typeable(message), advice: typeable(advice) }
  const text = json ? JSON.stringify({ error }) : `${error.message} [${code}]\n${error.advice}`
  process.stderr.write(`${text}\n`)
}
