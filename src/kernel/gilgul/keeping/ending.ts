import { ERRORS, type ErrorCode } from '#protocol'
import type { Exit } from './launch.ts'

/** Why a service ended, as far as it can be told. */
export interface Ending {
  readonly sentence: string
  readonly advice: string
  /** Undefined where the service did not say. */
  readonly code: ErrorCode | undefined
}

const SENTENCE_LENGTH_MAX = 400

/**
 * Reads a death from how the process ended and from what its log said last. A service that cannot start says so in a
 * line of the form that `runMain` writes: `NAME cannot start: SENTENCE [CODE]`, and its advice on the next.
 */
export function explainEnding(exit: Exit, lines: readonly string[]): Ending {
  const index = lines.findLastIndex((line) => / cannot start: .* \[[A-Z_]+\]$/.test(line))
  const [, sentence = '', code = ''] = / cannot start: (.*) \[([A-Z_]+)\]$/.exec(lines[index] ?? '') ?? []
  if (Object.hasOwn(ERRORS, code)) {
    const known = code as ErrorCode
    return { sentence, code: known, advice: lines[index + 1] ?? ERRORS[known].advice }
  }
  const last = lastTelling(lines)
  const said = last === undefined ? '' : ` Its log says: ${last}`
  return { sentence: `${describeExit(exit)}${said}`, code: undefined, advice: '' }
}

export function describeExit({ code, signal, error }: Exit): string {
  if (error) return `It could not be started: ${error.message}.`
  if (signal) return `It was ended by ${signal}.`
  return `It ended with status ${code}.`
}

/** Lines that say nothing about a death: records of calls, and what stands around an uncaught error. */
const NOT_TELLING = /^\{"time"|^\s+at |^\s*[{}^]+\s*$|^Node\.js v|^\s+\w+: |^\s*throw |^file:\/\//

function lastTelling(lines: readonly string[]): string | undefined {
  const telling = lines.filter((line) => !NOT_TELLING.test(line))
  const thrown = telling.findLast((line) => /^(Uncaught )?[A-Z]\w*Error\b/.test(line))
  return (thrown ?? telling.at(-1))?.trim().slice(0, SENTENCE_LENGTH_MAX)
}
