import { RunaError } from '#protocol'

/** What stands for something else after a backslash, in double quotes. */
const ESCAPES: Readonly<Record<string, string>> = { n: '\n', t: '\t', r: '\r', 0: '\0' }

/** One word, or the space between two, or the rest of the line after `#`. */
const PIECE = /'([^']*)'|"((?:[^"\\]|\\.)*)"|\\([\s\S])|(\s+)|([^\s'"\\]+)/gy

/**
 * The words of a line, as a shell would have them: spaces part them, single quotes keep everything, double quotes and
 * backslashes most. A line that begins with `#` has none. Throws BAD_INPUT where a quote is not closed.
 */
export function splitWords(line: string): string[] {
  if (line.trimStart().startsWith('#')) return []
  const words: string[] = []
  let word: string | undefined
  let at = 0
  for (const [piece, single, double, escaped, space, bare] of line.matchAll(PIECE)) {
    at += piece.length
    if (space === undefined) {
      word = `${word ?? ''}${single ?? (double === undefined ? (escaped ?? bare) : withoutEscapes(double))}`
    } else if (word !== undefined) {
      words.push(word)
      word = undefined
    }
  }
  if (at < line.length) throw new RunaError('BAD_INPUT', `A quote is not closed: ${line.slice(at, at + 20)}`)
  return word === undefined ? words : [...words, word]
}

function withoutEscapes(text: string): string {
  return text.replaceAll(/\\(.)/gs, (_, letter: string) => ESCAPES[letter] ?? letter)
}

/** Longer ones come from files: each further line is looked at with all before it. */
const OPEN_LENGTH_MAX = 16_384

/** Puts lines together while a quote is open. */
export interface LineGathering {
  /** Everything that belongs together, once its quotes are closed, or it is too long to wait for that. */
  take(line: string): string | undefined
  /** What is not complete so far, and is forgotten now. */
  drop(): string | undefined
  readonly isOpen: boolean
}

export function createLineGathering(): LineGathering {
  let open: string | undefined

  function drop(): string | undefined {
    const dropped = open
    open = undefined
    return dropped
  }

  return {
    take(line) {
      open = open === undefined ? line : `${open}\n${line}`
      return isClosed(open) || open.length > OPEN_LENGTH_MAX ? drop() : undefined
    },
    drop,
    get isOpen() {
      return open !== undefined
    },
  }
}

function isClosed(text: string): boolean {
  try {
    splitWords(text)
    return true
  } catch {
    return false
  }
}
