import type { ReadStream, WriteStream } from 'node:tty'
import { fit } from './figures.ts'

const ESCAPE = '\u001b['
const ENTER = `${ESCAPE}?1049h${ESCAPE}?25l${ESCAPE}2J`
const LEAVE = `${ESCAPE}?25h${ESCAPE}?1049l`
// biome-ignore lint/suspicious/noControlCharactersInRegex: terminals send them.
const KEY = /\u001b[[O][A-D]|[\s\S]/g
/** However often something happens: more is hard to read, and costs more over a slow line. */
const PAINTS_EVERY_MS = 250

/** A screen of lines. Only lines that changed are written, so nothing flickers. */
export interface Screen {
  /** Shows these lines, from the top. What has no place is left out. */
  show(lines: readonly string[]): void
  readonly rows: number
  readonly columns: number
  close(): void
}

/** What turns one screen into the next. Both have as many lines as the terminal has rows. */
export function repaint(before: readonly string[], after: readonly string[]): string {
  return after
    .map((line, row) => (line === before[row] ? '' : `${ESCAPE}${row + 1};1H${line}${ESCAPE}0m${ESCAPE}K`))
    .join('')
}

/** As many lines as there are rows, each no wider than the terminal. */
export function cut(lines: readonly string[], rows: number, columns: number): string[] {
  return Array.from({ length: rows }, (_, row) => fit(lines[row] ?? '', columns))
}

/** A line that begins with `!` is to be seen; what it says stands in words, so a screen without colour shows as much. */
export function paint(line: string, colours: boolean): string {
  return colours && line.startsWith('!') ? `${ESCAPE}1;33m${line}` : line
}

/** A terminal sends several at once where one is held down. Arrows come in two dialects, of which this gives one. */
export function keysIn(typed: string): string[] {
  const keys = typed.match(KEY) ?? []
  return keys.map((key) => key.replace('\u001bO', ESCAPE))
}

/**
 * Takes the terminal over: its other screen, without a cursor, each key by itself. `close` gives it back as it was, and
 * so does the end of the process.
 */
export function openScreen(
  input: ReadStream,
  output: WriteStream,
  { onKey, onResize, colours }: ScreenOptions,
): Screen {
  let shown: readonly string[] = []
  let wanted: readonly string[] = []
  let paintedMs = -PAINTS_EVERY_MS
  let timer: NodeJS.Timeout | undefined

  function paintNow(): void {
    timer = undefined
    paintedMs = performance.now()
    const after = cut(wanted, output.rows, output.columns).map((line) => paint(line, colours))
    const changes = repaint(shown, after)
    shown = after
    if (changes !== '') output.write(changes)
  }

  function resize(): void {
    shown = []
    output.write(`${ESCAPE}2J`)
    onResize()
  }

  function press(typed: string): void {
    for (const key of keysIn(typed)) onKey(key)
  }

  const giveBack = () => output.write(LEAVE)
  process.once('exit', giveBack)
  output.write(ENTER)
  output.on('resize', resize)
  input.setRawMode(true)
  input.setEncoding('utf8')
  input.on('data', press)
  return {
    get rows() {
      return output.rows
    },
    get columns() {
      return output.columns
    },
    show(lines) {
      wanted = lines
      timer ??= setTimeout(paintNow, Math.max(0, paintedMs + PAINTS_EVERY_MS - performance.now()))
    },
    close() {
      clearTimeout(timer)
      output.off('resize', resize)
      input.off('data', press)
      input.setRawMode(false)
      input.pause()
      process.off('exit', giveBack)
      giveBack()
    },
  }
}

export interface ScreenOptions {
  /** One key, as the terminal sends it. */
  readonly onKey: (key: string) => void
  readonly onResize: () => void
  readonly colours: boolean
}
