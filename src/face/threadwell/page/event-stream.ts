// The one connection on which the server says what has changed. It runs in a SharedWorker, or in the page itself.

const EVENT_NAMES = ['board', 'state', 'threads', 'manner'] as const

/** `online` is sent after every connection, `offline` when one is lost. Whoever hears `online` asks again. */
export interface Announcement {
  readonly event: (typeof EVENT_NAMES)[number] | 'online' | 'offline'
  readonly content: unknown
}

/** Shorter than a browser's own pause, and the same after a refusal, after which a browser would give up. */
const RETRY_MS = 1_000

export function openEventStream(announce: (announcement: Announcement) => void): void {
  const source = new EventSource('/api/events')
  source.addEventListener('open', () => announce({ event: 'online', content: null }))
  source.addEventListener('error', () => {
    source.close()
    announce({ event: 'offline', content: null })
    setTimeout(() => openEventStream(announce), RETRY_MS)
  })
  for (const event of EVENT_NAMES) {
    source.addEventListener(event, (message: MessageEvent<string>) => {
      announce({ event, content: JSON.parse(message.data) })
    })
  }
}
