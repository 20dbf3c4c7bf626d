import type { ReadStream } from 'node:tty'
import { RunaError } from '#protocol'

// What is typed or piped in here is a secret: it stays in Buffers, which can be wiped, and is never echoed.

/** Of a line. No passphrase is longer, and nothing else is read by lines. */
const LINE_BYTES_MAX = 4_096
const [NEW_LINE, CARRIAGE_RETURN, CTRL_C, CTRL_D, CTRL_U, BACKSPACE, DELETE] = [10, 13, 3, 4, 21, 8, 127]

/** Whether somebody sits there who can be asked. */
export function canAsk(): boolean {
  return process.stdin.isTTY === true && process.stderr.isTTY === true
}

/** Asks on the terminal without showing what is typed. Rejects with CANCELLED on Ctrl-C or `signal`. The caller wipes it. */
export async function askHidden(question: string, signal?: AbortSignal): Promise<Buffer> {
  const terminal = process.stdin as ReadStream
  process.stderr.write(question)
  terminal.setRawMode(true)
  const line = createLine()
  try {
    return await new Promise<Buffer>((resolve, reject) => {
      const cancel = () => reject(new RunaError('CANCELLED', 'Stopped.'))
      if (signal?.aborted) cancel()
      signal?.addEventListener('abort', cancel, { once: true })
      terminal.on('end', cancel)
      terminal.on('data', (typed: Buffer) => {
        const heard = line.type(typed)
        typed.fill(0)
        if (heard === 'cancel') cancel()
        else if (heard === 'end') resolve(line.take())
      })
    })
  } finally {
    terminal.removeAllListeners('data').removeAllListeners('end')
    terminal.setRawMode(false)
    terminal.pause()
    process.stderr.write('\n')
    line.take().fill(0)
  }
}

/** One line of the input, without its end. The caller wipes it. Rejects with BAD_INPUT where there is none. */
export async function readLine(): Promise<Buffer> {
  const line = createLine()
  for await (const bytes of process.stdin as AsyncIterable<Buffer>) {
    const end = bytes.indexOf(NEW_LINE)
    line.add(bytes.subarray(0, end < 0 ? bytes.length : end))
    bytes.fill(0)
    if (end >= 0) break
  }
  const whole = line.take()
  if (whole.length > 0) return whole
  throw new RunaError('BAD_INPUT', 'A line was expected on the input, and there was none.')
}

interface Line {
  add(bytes: Buffer): void
  /** Keys as a terminal in raw mode gives them. */
  type(keys: Buffer): 'end' | 'cancel' | 'more'
  take(): Buffer
}

export function createLine(): Line {
  const bytes = Buffer.alloc(LINE_BYTES_MAX)
  let length = 0

  function add(more: Buffer): void {
    if (length + more.length > LINE_BYTES_MAX) {
      throw new RunaError('BAD_INPUT', `A line has at most ${LINE_BYTES_MAX} bytes here.`)
    }
    more.copy(bytes, length)
    length += more.length
  }

  /** A letter of several bytes goes as a whole: those after its first all begin with the bits 10. */
  function eraseLetter(): void {
    while (length > 0) {
      length -= 1
      if (((bytes[length] ?? 0) & 0xc0) !== 0x80) return
    }
  }

  return {
    add,
    type(keys) {
      for (const key of keys) {
        if (key === NEW_LINE || key === CARRIAGE_RETURN || key === CTRL_D) return 'end'
        if (key === CTRL_C) return 'cancel'
        if (key === BACKSPACE || key === DELETE) eraseLetter()
        else if (key === CTRL_U) length = 0
        else if (key >= 32) add(Buffer.of(key))
      }
      return 'more'
    },
    take() {
      const taken = Buffer.from(bytes.subarray(0, length))
      bytes.fill(0)
      length = 0
      return taken
    },
  }
}
