/** Shows on stderr how far long work is: a bar that moves on a terminal, a line now and then where there is none. */
export interface Progress {
  show(done: number, total: number, label: string): void
  /** Writes a line that stays, above the bar. */
  note(text: string): void
  end(): void
}

export interface ProgressOptions {
  readonly write?: (text: string) => void
  readonly isTerminal?: boolean
  /** Of the terminal, in characters. */
  readonly width?: number
  readonly nowMs?: () => number
}

const BAR_LENGTH = 24
const LINE_EVERY_MS = 2_000
const REDRAW_EVERY_MS = 50

export function createProgress(options: ProgressOptions = {}): Progress {
  const { write = (text) => void process.stderr.write(text), nowMs = () => performance.now() } = options
  const { isTerminal = process.stderr.isTTY === true, width = process.stderr.columns ?? 80 } = options
  // Where lines stay, short work needs none.
  let drawnMs = isTerminal ? Number.NEGATIVE_INFINITY : nowMs()
  let isDrawn = false

  function clear(): void {
    if (isDrawn) write('\r\u001b[K')
    isDrawn = false
  }

  return {
    show(done, total, label) {
      const now = nowMs()
      if (now - drawnMs < (isTerminal ? REDRAW_EVERY_MS : LINE_EVERY_MS)) return
      drawnMs = now
      if (!isTerminal) return write(`${done} of ${total}: ${label}\n`)
      const filled = total === 0 ? 0 : Math.round((BAR_LENGTH * done) / total)
      const bar = '█'.repeat(filled) + '░'.repeat(BAR_LENGTH - filled)
      const line = `${bar} ${done}/${total} ${label}`
      clear()
      write(line.length < width ? line : `${line.slice(0, width - 2)}…`)
      isDrawn = true
    },
    note(text) {
      clear()
      write(`${text}\n`)
    },
    end: clear,
  }
}
