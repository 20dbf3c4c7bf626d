import type { ReadStream, WriteStream } from 'node:tty'
import type { BusSession } from '../bus/session.ts'
import { harmless } from '../harmless.ts'
import { showBus, showHead } from './bus-page.ts'
import type { MessageFilter } from './message-filter.ts'
import { PAGES, type Page } from './options.ts'
import { openScreen } from './screen.ts'
import { createTap } from './tap-page.ts'
import { createTraces } from './trace-page.ts'
import { watchBus } from './watching.ts'

const KEYS = 'b bus   t tap   r trace   p pause   q quit'

/** What is on the screen. */
interface Shown {
  page: Page
  paused: boolean
  /** Lines above the first one that is shown, or traces before the newest. */
  back: number
}

/** Shows the pages until `q`, Ctrl-C or the signal. Both streams are a terminal. */
export async function showLive(
  session: BusSession,
  page: Page,
  filter: MessageFilter,
  {
    input,
    output,
    signal,
  }: { readonly input: ReadStream; readonly output: WriteStream; readonly signal: AbortSignal },
): Promise<void> {
  const shown: Shown = { page, paused: false, back: 0 }
  const [tap, traces] = [createTap(filter), createTraces(filter.trace)]
  const ended = new AbortController()
  const title = session.place.bus === undefined ? "Runa's bus" : session.place.bus
  let body: readonly string[] = []
  let below = 0

  function bodyLines(rows: number): readonly string[] {
    const { view, absence } = watching
    if (absence !== undefined) return [`! ${absence}`, 'This looks again each second.']
    if (shown.page === 'tap') return tap.lines(rows, screen.columns)
    if (shown.page === 'trace') return traces.lines(shown.back)
    return view ? scrolled(showBus(view, screen.columns), rows) : ['Looking for a second …']
  }

  /** No further than to the last line. */
  function scrolled(lines: readonly string[], rows: number): readonly string[] {
    const hidden = Math.max(0, lines.length - rows)
    shown.back = Math.min(shown.back, hidden)
    below = hidden - shown.back
    return lines.slice(shown.back)
  }

  function draw(): void {
    const rows = Math.max(0, screen.rows - 3)
    const head = watching.view ? showHead(watching.view.since) : ''
    if (!shown.paused) below = 0
    if (!shown.paused) body = bodyLines(rows).slice(0, rows).map(harmless)
    const filled = Array.from({ length: rows }, (_, row) => body[row] ?? '')
    screen.show([
      ...titleLines(`${title}: ${shown.page}`, head, screen.columns),
      ...filled,
      keysLine(shown, below),
    ])
  }

  function press(key: string): void {
    if (key === 'q' || key === CTRL_C) ended.abort()
    if (key === 'p') shown.paused = !shown.paused
    const next = PAGES.find((_, index) => key === 'btr'[index])
    if (next) Object.assign(shown, { page: next, back: 0 })
    if (key === UP) shown.back += shown.page === 'trace' ? 1 : -1
    if (key === DOWN) shown.back += shown.page === 'trace' ? -1 : 1
    shown.back = Math.max(0, shown.back)
    draw()
  }

  const colours = output.hasColors() && !process.env['NO_COLOR']
  const screen = openScreen(input, output, { onKey: press, onResize: () => draw(), colours })
  const watching = watchBus(session, {
    onLook: () => draw(),
    wantsMessages: () => shown.page !== 'bus',
    onMessage(message) {
      tap.hear(message)
      traces.hear(message)
      if (shown.page !== 'bus') draw()
    },
  })
  draw()
  try {
    await untilEither(signal, ended.signal)
  } finally {
    watching.end()
    screen.close()
  }
}

/** Two lines: of one, the second is empty. */
export function titleLines(title: string, head: string, columns: number): readonly [string, string] {
  const whole = `${title}   ${head}`
  return whole.length <= columns ? [whole, ''] : [title, head]
}

function keysLine({ paused, back }: Shown, below: number): string {
  const more = below > 0 ? `${below} more below (arrows)   ` : back > 0 ? 'up arrow: back   ' : ''
  return `${paused ? 'PAUSED   ' : ''}${more}${KEYS}`
}

const CTRL_C = '\u0003'
const UP = '\u001b[A'
const DOWN = '\u001b[B'

function untilEither(...signals: readonly AbortSignal[]): Promise<void> {
  return new Promise((resolve) => {
    for (const signal of signals) {
      if (signal.aborted) resolve()
      signal.addEventListener('abort', () => resolve(), { once: true })
    }
  })
}
