import type { CommanderError } from 'commander'
import { RUNA_COMMAND, typeable } from '#kernel/home'
import { harmless } from './harmless.ts'

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
  const text = json ? JSON.stringify({ error }) : harmless(`${error.message} [${code}]\n${error.advice}`)
  process.stderr.write(`${text}\n`)
}

/** What commander found wrong with the `words` of a person. Its `help` and `version` are no errors. Returns the exit code. */
export function reportArguments(
  { exitCode, code, message }: CommanderError,
  words: readonly string[],
  json: boolean,
): number {
  if (exitCode === 0) return 0
  if (code === 'commander.help') {
    const group = words.filter((word) => !word.startsWith('-')).join(' ')
    const missing = `A command is missing after '${group}'.`
    tell({ code: 'BAD_INPUT', message: missing, advice: `\`runa ${group} --help\` names them.` }, json)
    return 2
  }
  const sentence = message.replace(/^error: /, '').replaceAll(/\s*\n\s*/g, ' ')
  const ended = /[.?)]$/.test(sentence) ? sentence : `${sentence}.`
  const advice = `\`${RUNA_COMMAND} --help\` says more. A text of several words needs quotes around it.`
  tell({ code: 'BAD_INPUT', message: ended.charAt(0).toUpperCase() + ended.slice(1), advice }, json)
  return 2
}
