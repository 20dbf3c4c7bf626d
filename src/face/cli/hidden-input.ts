import type { ReadStream } from 'node:tty'
import { keepSecret, secretRoom, wipe } from '#kernel/seal'
import { setUndumpable } from '#kernel/sys'
import { RunaError } from '#protocol'

// What is typed or piped in here is a secret: it stays in Buffers, which can be wiped, and is never echoed. The process is
// closed to others before it is read: a person takes long enough over it for somebody to look in.

/** Of a line. No passphrase is longer, and nothing else is read by lines. */
const LINE_BYTES_MAX = 4_096
const [NEW_LINE, CARRIAGE_RETURN, CTRL_C, CTRL_D, CTRL_U, BACKSPACE, DELETE] = [10, 13, 3, 4, 21, 8, 127]

/** Whether somebody sits there who can be asked. */
export function canAsk(): boolean {
  return process.stdin.isTTY === true && process.stderr.isTTY === true
}

/** Asks on the terminal without showing what is typed. Rejects with CANCELLED on Ctrl-C or `signal`, BAD_INPUT. The caller wipes it. */
export async function askHidden(question: string, signal?: AbortSignal): Promise<Buffer> {
  setUndumpable()
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
        try {
          const heard = line.type(typed)
          if (heard === 'cancel') cancel()
          else if (heard === 'end') resolve(line.take())
        } catch (error) {
          reject(error)
        } finally {
          typed.fill(0)
        }
      })
      terminal.resume()
    })
  } finally {
    terminal.removeAllListeners('data').removeAllListeners('end')
    terminal.setRawMode(false)
    terminal.pause()
    process.stderr.write('\n')
    line.take().fill(0)
  }
}

/** A terminal shows what is typed into it, unless it is asked as above. */
function refuseTerminal(): void {
  if (process.stdin.isTTY !== true) return
  throw new RunaError('BAD_INPUT', 'The terminal would show what is typed here: pipe it in, or let Runa ask.')
}

/** What is piped in, line by line. Each is the caller's to wipe. */
export interface InputLines {
  /** Without its end. Rejects with BAD_INPUT where there is none, or an empty one. */
  next(): Promise<Buffer>
  /** Reads nothing more: the input keeps the process no longer. */
  end(): void
}

/** Throws BAD_INPUT where nothing is piped in. */
export function readLines(): InputLines {
  refuseTerminal()
  setUndumpable()
  const pieces = process.stdin[Symbol.asyncIterator]() as AsyncIterator<Buffer, undefined>
  let rest = Buffer.alloc(0)

  async function read(): Promise<boolean> {
    const { value, done } = await pieces.next()
    if (done || !value) return false
    const longer = Buffer.concat([rest, value])
    wipe(rest, value)
    rest = longer
    return true
  }

  return {
    async next() {
      let end = rest.indexOf(NEW_LINE)
      while (end < 0 && rest.length <= LINE_BYTES_MAX && (await read())) end = rest.indexOf(NEW_LINE)
      const length = end < 0 ? rest.length : end
      const line = keepSecret(rest.subarray(0, length))
      const after = Buffer.from(rest.subarray(length + 1))
      wipe(rest)
      rest = after
      if (line.length > LINE_BYTES_MAX) throw tooLong()
      if (line.length > 0) return line
      throw new RunaError('BAD_INPUT', 'A line was expected on the input, and there was none.')
    },
    end() {
      wipe(rest)
      process.stdin.destroy()
    },
  }
}

/** The whole input, to its last byte. The caller wipes it. Rejects with BAD_INPUT where there is more than that, or nothing is piped in. */
export async function readAll(sizeBytesMax: number): Promise<Buffer> {
  refuseTerminal()
  setUndumpable()
  const pieces: Buffer[] = []
  let sizeBytes = 0
  for await (const piece of process.stdin as AsyncIterable<Buffer>) {
    sizeBytes += piece.length
    pieces.push(piece)
    if (sizeBytes > sizeBytesMax) throw new RunaError('BAD_INPUT', `At most ${sizeBytesMax} bytes are taken.`)
  }
  const whole = Buffer.concat(pieces)
  wipe(...pieces)
  return whole
}

interface Line {
  /**
   * Keys as a terminal in raw mode gives them. Throws BAD_INPUT for too long a line, but only at its end: the terminal
   * shows what it is not kept from showing, such as the rest of what was pasted.
   */
  type(keys: Buffer): 'end' | 'cancel' | 'more'
  take(): Buffer
}

export function createLine(): Line {
  const bytes = secretRoom(LINE_BYTES_MAX)
  let length = 0
  let isTooLong = false

  function add(more: Buffer): void {
    if (length + more.length > LINE_BYTES_MAX) isTooLong = true
    else length += more.copy(bytes, length)
  }

  /** A letter of several bytes goes as a whole: those after its first all begin with the bits 10. */
  function eraseLetter(): void {
    while (length > 0) {
      length -= 1
      if (((bytes[length] ?? 0) & 0xc0) !== 0x80) return
    }
  }

  return {
    type(keys) {
      for (const key of keys) {
        if (key === NEW_LINE || key === CARRIAGE_RETURN || key === CTRL_D) {
          if (isTooLong) throw tooLong()
          return 'end'
        }
        if (key === CTRL_C) return 'cancel'
        if (key === BACKSPACE || key === DELETE) eraseLetter()
        else if (key === CTRL_U) [length, isTooLong] = [0, false]
        else if (key >= 32) add(Buffer.of(key))
      }
      return 'more'
    },
    take() {
      const taken = keepSecret(bytes.subarray(0, length))
      bytes.fill(0)
      length = 0
      return taken
    },
  }
}

function tooLong(): RunaError {
  return new RunaError('BAD_INPUT', `A line has at most ${LINE_BYTES_MAX} bytes here.`)
}
