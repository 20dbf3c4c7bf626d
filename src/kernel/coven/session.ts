import type { Duplex } from 'node:stream'
import { RunaError } from '#protocol'
import type { Link } from './link.ts'

/** What may wait for the other side to read. It answers or asks; it never has reason to be so far behind. */
const WAITING_BYTES_MAX = 2 ** 20

export interface SessionOptions {
  readonly socket: Duplex
  readonly link: Link
  /** For both to prove who they are. */
  readonly timeoutMs: number
  /** Whoever has used a message wipes it. */
  readonly onMessage: (message: Buffer, session: Session) => void
}

/** An open link over a socket. */
export interface Session {
  /** Throws COVEN_LINK_BROKEN, BAD_INPUT, or BUS_BACKPRESSURE: then the other side reads nothing, and the link is closed. */
  say(message: Uint8Array): void
  close(): void
  /** Resolves when the link is closed, by whomever, to what was wrong. */
  readonly ended: Promise<RunaError | undefined>
}

/**
 * Resolves once both have proven who they are; rejects with COVEN_REFUSED, or COVEN_LINK_BROKEN where the first words
 * after the proof are wrong, and then the socket is closed.
 */
export async function openSession({ socket, link, timeoutMs, onMessage }: SessionOptions): Promise<Session> {
  let settle: (fault: RunaError | undefined) => void = () => {}
  const ended = new Promise<RunaError | undefined>((resolve) => {
    settle = resolve
  })
  const end = (fault?: RunaError) => {
    link.close()
    socket.destroy()
    settle(fault)
  }
  const session: Session = {
    ended,
    say(message) {
      socket.write(link.say(message))
      if (socket.writableLength <= WAITING_BYTES_MAX) return
      const fault = new RunaError('BUS_BACKPRESSURE', 'The other end of the link reads nothing.')
      end(fault)
      throw fault
    },
    close: () => end(),
  }
  const opened = new Promise<void>((resolve, reject) => {
    socket.on('data', (bytes: Buffer) => {
      try {
        const { reply, messages } = link.receive(bytes)
        if (reply.length > 0) socket.write(reply)
        if (link.state() === 'open') resolve()
        for (const message of messages) onMessage(message, session)
      } catch (error) {
        reject(error)
        end(error instanceof RunaError ? error : undefined)
      }
    })
    socket.on('error', () => end())
    socket.on('close', () => {
      reject(new RunaError('COVEN_REFUSED', 'The other end went away before it had proven who it is.'))
      end()
    })
  })
  const timer = setTimeout(() => end(), timeoutMs)
  if (link.opening.length > 0) socket.write(link.opening)
  await opened.finally(() => clearTimeout(timer))
  return session
}
