import { ERRORS, type ErrorCode } from '#protocol'
import type { Hint, LastWords } from './evidence.ts'

const LINE_LENGTH_MAX = 400
/** Behind the line that tells most: Node says code and path of an error there. */
const LINES_AFTER = 12

/** As the system, Node, Python and the shells word the same faults. The first that fits counts. */
const HINTS: readonly (readonly [Hint, RegExp])[] = [
  ['address-in-use', /\bEADDRINUSE\b|address already in use/i],
  ['no-room', /\b(ENOSPC|EDQUOT)\b|no space left on device|disk quota exceeded/i],
  [
    'no-memory',
    /\bENOMEM\b|heap out of memory|cannot allocate memory|std::bad_alloc|\bMemoryError\b|out of memory|failed to allocate|array buffer allocation failed/i,
  ],
  [
    'too-many',
    /\b(EMFILE|ENFILE|EAGAIN|EFBIG)\b|too many open files|resource temporarily unavailable|file too large/i,
  ],
  [
    'bad-model',
    /invalid magic|\bnot (?:a |an )?gguf\b|gguf_init|tensor .* (?:out of bounds|not within)|model is corrupted/i,
  ],
  ['forbidden', /\b(EACCES|EPERM|EROFS)\b|permission denied|operation not permitted|read-only file system/i],
  [
    'refused-by-peer',
    /\b(ECONNREFUSED|ECONNRESET|EHOSTUNREACH|ENOTFOUND|ETIMEDOUT)\b|connection (?:refused|reset)/i,
  ],
  [
    'no-such-file',
    /\b(ENOENT|ERR_MODULE_NOT_FOUND|MODULE_NOT_FOUND|ModuleNotFoundError)\b|no such file or directory|cannot find module|command not found|: not found$/i,
  ],
  [
    'bad-setting',
    /\b(YAMLParseError|TOMLDecodeError|JSONDecodeError|ZodError|ERR_INVALID_ARG_VALUE)\b|SyntaxError: .*\bJSON\b|(?:invalid|bad|unknown|unrecognized|missing) (?:config\w*|setting|option|argument|value for|parameter)|ERR_PARSE_ARGS|not valid JSON|unrecognized arguments/i,
  ],
  ['thrown', /^(?:Uncaught )?(?:[A-Z]\w*)?(?:Error|Exception)\b|^Traceback |^panicked at |\bpanic: /],
]

/** Lines that say nothing about a death: records of calls, and what stands around an uncaught error. */
const NOT_TELLING = /^\{"time"|^\s+at |^\s*[{}^]+\s*$|^Node\.js v|^\s+\w+: |^\s*throw |^file:\/\/|^Traceback /

const CANNOT_START = / cannot start: (.*) \[([A-Z_]+)\]$/

/**
 * Reads what a process said last. A service of Runa that cannot start says so in a line of the form that `runMain`
 * writes: `NAME cannot start: SENTENCE [CODE]`, and its advice on the next. Others are read by how such faults are
 * worded everywhere.
 */
export function readWords(lines: readonly string[]): LastWords {
  const index = lines.findLastIndex((line) => CANNOT_START.test(line))
  const [, sentence = '', code = ''] = CANNOT_START.exec(lines[index] ?? '') ?? []
  const known = Object.hasOwn(ERRORS, code) ? (code as ErrorCode) : undefined
  const line = lastTelling(lines)
  const about =
    known === undefined ? lines.slice(Math.max(0, lines.lastIndexOf(line?.full ?? ''))) : [sentence]
  const text = about.slice(0, LINES_AFTER).join('\n')
  return {
    code: known,
    sentence: known === undefined ? '' : sentence,
    advice: known === undefined ? '' : (lines[index + 1] ?? ERRORS[known].advice),
    line: line?.shown,
    hint: line === undefined && known === undefined ? undefined : hintOf(text),
    path: pathIn(text),
    port: portIn(text),
  }
}

/** A thrown error tells more than what was said after it, and a known fault more than a line that only comes last. */
function lastTelling(lines: readonly string[]): { full: string; shown: string } | undefined {
  const telling = lines.filter((line) => !NOT_TELLING.test(line))
  const isHinted = (line: string) => ![undefined, 'thrown'].includes(hintOf(line))
  const found =
    telling.findLast((line) => /^(?:Uncaught )?(?:[A-Z]\w*)?Error\b/.test(line)) ??
    telling.findLast(isHinted) ??
    telling.at(-1)
  return found === undefined ? undefined : { full: found, shown: found.trim().slice(0, LINE_LENGTH_MAX) }
}

function hintOf(text: string): Hint | undefined {
  return HINTS.find(([, wording]) => wording.test(text))?.[0]
}

/** Quoted, as programs name files; or the first absolute path behind a colon or a blank. */
function pathIn(text: string): string | undefined {
  const quoted = /['"`](\/[^'"`\n]{1,400})['"`]/.exec(text)?.[1]
  return quoted ?? /(?:^|[\s:(])(\/[^\s:,;'"`()]{2,400})/.exec(text)?.[1]?.replace(/\.$/, '')
}

function portIn(text: string): number | undefined {
  const [, port] =
    /\bport:? (\d{1,5})\b/i.exec(text) ?? /(?:\d|\]|\*|localhost|::):(\d{1,5})\b/.exec(text) ?? []
  const number = Number(port ?? 0)
  return number > 0 && number <= 65_535 ? number : undefined
}
