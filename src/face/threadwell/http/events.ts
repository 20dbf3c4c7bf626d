import { RunaError } from '#protocol'
import { LIMITS } from '../limits.ts'
import { abortedWith, textStream } from './text-stream.ts'

const PING_MS = 15_000

export interface Events {
  /** Says to every open stream that something changed. Of those that wait under the same key, the last one is sent. */
  announce(event: 'board' | 'state' | 'threads' | 'manner', content: object, key?: string): void
  /** A stream of server-sent events. Throws BUSY where there are too many. */
  open(request: Request): Response
  /** Ends every stream. */
  close(): void
}

/**
 * An event only says what to fetch again, so a browser that does not keep up misses nothing when its waiting events
 * fall together: what waits for it is at most one for each board and each thread.
 */
export function createEvents(pingMs: number = PING_MS): Events {
  const mailboxes = new Set<Mailbox>()

  async function* follow(mailbox: Mailbox): AsyncGenerator<string, void> {
    mailboxes.add(mailbox)
    try {
      yield format('hello', {})
      for (;;) {
        const text = await mailbox.take(pingMs)
        if (text === undefined) return
        yield text
      }
    } finally {
      mailboxes.delete(mailbox)
    }
  }

  return {
    announce(event, content, key = event) {
      for (const mailbox of mailboxes) mailbox.put(key, format(event, content))
    },
    open(request) {
      if (mailboxes.size >= LIMITS.eventStreamsMax) {
        throw new RunaError('BUSY', `There are already ${LIMITS.eventStreamsMax} open event streams.`)
      }
      const abort = abortedWith(request)
      const mailbox = createMailbox()
      abort.signal.addEventListener('abort', mailbox.close, { once: true })
      return textStream(follow(mailbox), abort, {
        contentType: 'text/event-stream; charset=utf-8',
        encode: (text) => text,
        encodeFailure: () => '',
      })
    },
    close() {
      for (const mailbox of mailboxes) mailbox.close()
    },
  }
}

function format(event: string, content: object): string {
  return `event: ${event}\ndata: ${JSON.stringify(content)}\n\n`
}

interface Mailbox {
  put(key: string, text: string): void
  /** The next text, a comment where none came for so long, undefined once closed. */
  take(patienceMs: number): Promise<string | undefined>
  close(): void
}

function createMailbox(): Mailbox {
  const waiting = new Map<string, string>()
  let closed = false
  let wake: () => void = () => {}
  return {
    put(key, text) {
      waiting.set(key, text)
      if (waiting.size > LIMITS.newsWaitingMax) closed = true
      wake()
    },
    async take(patienceMs) {
      if (waiting.size === 0 && !closed) {
        await new Promise<void>((resolve) => {
          const timer = setTimeout(resolve, patienceMs)
          wake = () => {
            clearTimeout(timer)
            resolve()
          }
        })
      }
      if (closed) return undefined
      const [first] = waiting
      if (!first) return ': still here\n\n'
      waiting.delete(first[0])
      return first[1]
    },
    close() {
      closed = true
      wake()
    },
  }
}
