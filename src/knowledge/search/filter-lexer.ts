import { RunaError } from '#protocol'
import { ISO_DATE } from './filter.ts'

type TokenKind = 'field' | 'quoted' | 'number' | 'date' | 'comparator' | 'mark' | 'end'

export interface Token {
  readonly kind: TokenKind
  readonly text: string
  /** Counts characters from 1. */
  readonly column: number
}

export function refuseFilter(column: number, what: string): never {
  throw new RunaError('FILTER_INVALID', `The filter, column ${column}: ${what}`)
}

const PATTERNS: readonly (readonly [TokenKind, RegExp])[] = [
  ['date', new RegExp(ISO_DATE.source, 'y')],
  ['number', /-?\d+(?:\.\d+)?(?:[eE][+-]?\d+)?/y],
  ['field', /[\p{L}_][\p{L}\p{N}_.-]*|`(?:[^`\\]|\\.)*`/uy],
  ['quoted', /"(?:[^"\\]|\\.)*"|'(?:[^'\\]|\\.)*'/y],
  ['comparator', /<=|>=|!=|=|<|>/y],
  ['mark', /[(),]/y],
]
const SPACE = /\s*/y

/** Cuts a filter into its parts. The last token is always of kind `end`. */
export function tokenizeFilter(text: string): Token[] {
  const tokens: Token[] = []
  let position = skipSpace(text, 0)
  while (position < text.length) {
    const token = tokenAt(text, position)
    tokens.push(token)
    position = skipSpace(text, position + token.text.length)
  }
  tokens.push({ kind: 'end', text: '', column: text.length + 1 })
  return tokens
}

function skipSpace(text: string, position: number): number {
  SPACE.lastIndex = position
  SPACE.test(text)
  return SPACE.lastIndex
}

function tokenAt(text: string, position: number): Token {
  for (const [kind, pattern] of PATTERNS) {
    pattern.lastIndex = position
    const match = pattern.exec(text)
    if (match) return { kind, text: match[0], column: position + 1 }
  }
  const character = text.charAt(position)
  if ('"\'`'.includes(character))
    refuseFilter(position + 1, `the quotation mark ${character} is never closed.`)
  return refuseFilter(position + 1, `${JSON.stringify(character)} has no meaning here.`)
}

/** The text between quotation marks of any kind, with the escapes that JSON knows. */
export function unquote({ text, column }: Token): string {
  const mark = text.charAt(0)
  const inner = text.slice(1, -1).replace(/\\.|"/gsu, (part) => {
    if (part === '"') return '\\"'
    return part === `\\${mark}` && mark !== '"' ? mark : part
  })
  try {
    return JSON.parse(`"${inner}"`) as string
  } catch {
    return refuseFilter(column, 'the quoted text holds a line break or an escape that is not known.')
  }
}
