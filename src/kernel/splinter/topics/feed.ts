import type { Wiring } from '../seat/wiring.ts'
import type { Consumer, StartFrom } from './consumer.ts'
import { FIRST_DELIVERY, type MessageListener, type Seats, type Subscription } from './subscription.ts'

/** A turn of the event loop goes on for so long, looked at every so many messages: others have work too. */
const TURN_MS = 1
const LOOK_EVERY = 8

/** A cursor and those who hear what it reads. */
interface Feed {
  readonly consumer: Consumer
  listeners: readonly { readonly hear: MessageListener }[]
  endSource(): void
}

/** What the event loop brings to listeners. All share one cursor who hear what comes from now on. */
export function createFeeds({ pump }: Pick<Wiring, 'pump'>, seats: Seats) {
  const feeds = new Set<Feed>()
  let current: Feed | undefined

  function start(from: StartFrom): Feed {
    const consumer = seats.join(from)
    const feed: Feed = { consumer, listeners: [], endSource: () => {} }
    feed.endSource = pump.add({
      hasWork: () => consumer.hasNext(),
      drain() {
        const handled = drain(feed)
        seats.countLosses(consumer)
        return handled
      },
    })
    feeds.add(feed)
    return feed
  }

  function end(feed: Feed): void {
    if (feed === current) current = undefined
    feeds.delete(feed)
    feed.listeners = []
    feed.endSource()
    seats.leave(feed.consumer)
  }

  return {
    subscribe(hear: MessageListener, from: StartFrom): Subscription {
      const feed = from === 'now' ? (current ?? start(from)) : start(from)
      if (from === 'now') current = feed
      const listener = { hear }
      feed.listeners = [...feed.listeners, listener]
      return {
        get lost() {
          return feed.consumer.lost
        },
        end() {
          if (!feed.listeners.includes(listener)) return
          feed.listeners = feed.listeners.filter((other) => other !== listener)
          if (feed.listeners.length === 0) end(feed)
        },
      }
    },
    end(): void {
      for (const feed of feeds) end(feed)
    },
  }
}

/** Whether there was anything. */
function drain(feed: Feed): boolean {
  const { consumer } = feed
  const endMs = performance.now() + TURN_MS
  let handled = 0
  try {
    for (;;) {
      const message = consumer.next()
      if (message === undefined) break
      handled += 1
      for (const { hear } of feed.listeners) hear(message, FIRST_DELIVERY)
      if (handled % LOOK_EVERY === 0 && performance.now() > endMs) break
    }
  } finally {
    consumer.settle()
  }
  return handled > 0
}
