/** `320 µs`, `1.2 ms`, `3.4 s`: three digits at most. A dash where nothing was measured. */
export function formatMicros(micros: number | undefined): string {
  if (micros === undefined) return '-'
  if (micros < 1_000) return `${Math.round(micros)} µs`
  return micros < 1e6 ? `${shorten(micros / 1_000)} ms` : `${shorten(micros / 1e6)} s`
}

/** How many in a second, of `count` in `seconds`. */
export function formatRate(count: number, seconds: number): string {
  const rate = seconds > 0 ? count / seconds : 0
  if (rate === 0) return '0'
  if (rate < 1_000) return rate < 0.1 ? '<0.1' : shorten(rate)
  return rate < 1e6 ? `${shorten(rate / 1_000)}k` : `${shorten(rate / 1e6)}M`
}

export function formatPart(part: number): string {
  return `${Math.round(part * 100)} %`
}

function shorten(value: number): string {
  return value < 10 ? value.toFixed(1) : String(Math.round(value))
}

export interface Column {
  readonly title: string
  readonly width: number
  /** Numbers stand at the right, so that they do not jump. */
  readonly numeric?: boolean
  /** On a narrow screen the column of the highest number goes first; one without stays. */
  readonly spare?: number
}

/** Where nobody says how wide the screen is. */
const WIDTH = 80

/**
 * Lines of equal columns that keep their width whatever is in them. What is too long ends with `…`. Whole columns are left out
 * until the rest fits into `width`.
 */
export function layOutTable(
  columns: readonly Column[],
  rows: readonly (readonly string[])[],
  width = WIDTH,
): string[] {
  const shown = columnsWithin(columns, width)
  const line = (cells: readonly string[]) =>
    shown
      .map((column) => {
        const cell = fit(cells[columns.indexOf(column)] ?? '', column.width)
        return column.numeric ? cell.padStart(column.width) : cell.padEnd(column.width)
      })
      .join(' ')
      .trimEnd()
  return [columns.map(({ title }) => title), ...rows].map(line)
}

function columnsWithin(columns: readonly Column[], width: number): readonly Column[] {
  const taken = columns.reduce((sum, column) => sum + column.width + 1, -1)
  const [spare] = columns
    .filter((column) => column.spare !== undefined)
    .sort((one, other) => rankOf(other) - rankOf(one))
  if (taken <= width || spare === undefined) return columns
  return columnsWithin(
    columns.filter((column) => column !== spare),
    width,
  )
}

function rankOf({ spare = 0 }: Column): number {
  return spare
}

/** Lines of whole words, no longer than `width` where the words are not; those after the first begin with two blanks. */
export function wrap(text: string, width = WIDTH): string[] {
  const lines: string[] = []
  let line = ''
  for (const word of text.split(' ')) {
    if (line.trim() !== '' && line.length + 1 + word.length > width) {
      lines.push(line)
      line = ` ${word === '' ? '' : ` ${word}`}`
    } else line = line === '' ? word : `${line} ${word}`
  }
  return [...lines, line]
}

/** In one line of at most `width` characters. */
export function fit(text: string, width: number): string {
  const flat = text.replaceAll(/[\p{Cc}\p{Zl}\p{Zp}]/gu, ' ')
  return flat.length <= width ? flat : `${flat.slice(0, Math.max(0, width - 1))}…`
}
