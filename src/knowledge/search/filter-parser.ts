import {
  COMPARATORS,
  type Comparator,
  FILTER_DEPTH_MAX,
  FILTER_LENGTH_MAX,
  FILTER_SIZE_MAX,
  type Filter,
  type FilterValue,
} from './filter.ts'
import { refuseFilter, type Token, tokenizeFilter, unquote } from './filter-lexer.ts'

/**
 * Reads a filter such as `year >= 2020 and (lang = "en" or not draft = true) and kind in ("memo", "note")`. Values are
 * quoted texts, numbers, dates and true or false; a field with unusual letters stands in backquotes. `not` binds most,
 * then `and`, then `or`. Throws FILTER_INVALID with the column.
 */
export function parseFilter(text: string): Filter {
  if (text.length > FILTER_LENGTH_MAX) {
    refuseFilter(FILTER_LENGTH_MAX + 1, `a filter has at most ${FILTER_LENGTH_MAX} characters.`)
  }
  const reader = createReader(tokenizeFilter(text))
  const filter = readAlternatives(reader, 0)
  const rest = reader.peek()
  if (rest.kind !== 'end')
    refuseFilter(rest.column, `expected \`and\`, \`or\` or the end, not ${show(rest)}.`)
  return filter
}

interface Reader {
  peek(): Token
  next(): Token
  /** Takes the next token if it is this word or mark. */
  take(word: string): boolean
  /** Counts one more condition or value. */
  count(token: Token): void
}

function createReader(tokens: readonly Token[]): Reader {
  let position = 0
  let size = 0
  const end = tokens[tokens.length - 1] as Token
  const peek = () => tokens[position] ?? end
  return {
    peek,
    next() {
      const token = peek()
      position += 1
      return token
    },
    take(word) {
      const token = peek()
      const fits = (token.kind === 'field' || token.kind === 'mark') && token.text.toLowerCase() === word
      if (fits) position += 1
      return fits
    },
    count(token) {
      size += 1
      if (size > FILTER_SIZE_MAX)
        refuseFilter(token.column, `a filter has at most ${FILTER_SIZE_MAX} conditions.`)
    },
  }
}

function show(token: Token): string {
  return token.kind === 'end' ? 'the end' : token.text.slice(0, 40)
}

function readAlternatives(reader: Reader, depth: number): Filter {
  const filters = [readConjunction(reader, depth)]
  while (reader.take('or')) filters.push(readConjunction(reader, depth))
  return join('or', filters)
}

function readConjunction(reader: Reader, depth: number): Filter {
  const filters = [readUnary(reader, depth)]
  while (reader.take('and')) filters.push(readUnary(reader, depth))
  return join('and', filters)
}

function join(op: 'and' | 'or', filters: readonly Filter[]): Filter {
  const [first] = filters
  return first && filters.length === 1 ? first : { op, filters }
}

function readUnary(reader: Reader, depth: number): Filter {
  const token = reader.peek()
  if (depth >= FILTER_DEPTH_MAX) {
    refuseFilter(token.column, `a filter is at most ${FILTER_DEPTH_MAX} levels deep.`)
  }
  if (reader.take('not')) return { op: 'not', filter: readUnary(reader, depth + 1) }
  if (!reader.take('(')) return readComparison(reader)
  const filter = readAlternatives(reader, depth + 1)
  expectMark(reader, ')')
  return filter
}

function expectMark(reader: Reader, mark: string): void {
  const token = reader.peek()
  if (!reader.take(mark)) refuseFilter(token.column, `expected ${mark}, not ${show(token)}.`)
}

const KEYWORDS = ['and', 'or', 'not', 'in', 'true', 'false']

function readComparison(reader: Reader): Filter {
  const name = reader.next()
  reader.count(name)
  if (name.kind !== 'field' || KEYWORDS.includes(name.text.toLowerCase())) {
    refuseFilter(name.column, `expected the name of a field, not ${show(name)}.`)
  }
  const field = name.text.startsWith('`') ? unquote(name) : name.text
  if (reader.take('in')) return { op: 'in', field, values: readList(reader) }
  const token = reader.next()
  const op = COMPARATORS.find((comparator) => comparator === token.text)
  if (token.kind !== 'comparator' || op === undefined) {
    refuseFilter(
      token.column,
      `expected one of ${COMPARATORS.join(' ')} or \`in\` after ${field}, not ${show(token)}.`,
    )
  }
  return { op: op as Comparator, field, value: readValue(reader) }
}

function readList(reader: Reader): FilterValue[] {
  expectMark(reader, '(')
  const values: FilterValue[] = []
  do {
    reader.count(reader.peek())
    values.push(readValue(reader))
  } while (reader.take(','))
  expectMark(reader, ')')
  return values
}

function readValue(reader: Reader): FilterValue {
  const token = reader.next()
  const { kind, text, column } = token
  if (kind === 'quoted') return unquote(token)
  if (kind === 'date') return text
  if (kind === 'number') {
    const number = Number(text)
    return Number.isFinite(number) ? number : refuseFilter(column, 'the number is too large.')
  }
  const word = text.toLowerCase()
  if (kind === 'field' && (word === 'true' || word === 'false')) return word === 'true'
  const hint = kind === 'field' ? ' A text stands in quotation marks.' : ''
  return refuseFilter(column, `expected a value, not ${show(token)}.${hint}`)
}

/** Writes a filter so that parsing gives it back. */
export function printFilter(filter: Filter): string {
  switch (filter.op) {
    case 'and':
    case 'or':
      return filter.filters
        .map((part) => (isCompound(part) ? `(${printFilter(part)})` : printFilter(part)))
        .join(` ${filter.op} `)
    case 'not':
      return `not ${isCompound(filter.filter) ? `(${printFilter(filter.filter)})` : printFilter(filter.filter)}`
    case 'in':
      return `${printField(filter.field)} in (${filter.values.map((value) => JSON.stringify(value)).join(', ')})`
    default:
      return `${printField(filter.field)} ${filter.op} ${JSON.stringify(filter.value)}`
  }
}

function isCompound(filter: Filter): boolean {
  return filter.op === 'and' || filter.op === 'or'
}

function printField(field: string): string {
  const plain = /^[\p{L}_][\p{L}\p{N}_.-]*$/u.test(field) && !KEYWORDS.includes(field.toLowerCase())
  // As in a quoted text of JSON, but with the other mark.
  const quoted = JSON.stringify(field).slice(1, -1).replaceAll('\\"', '"').replaceAll('`', '\\`')
  return plain ? field : `\`${quoted}\``
}
