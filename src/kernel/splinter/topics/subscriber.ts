import type { Wiring } from '../seat/wiring.ts'
import type { StatisticsRow } from '../statistics/row.ts'
import type { Consumer } from './consumer.ts'
import type { Ring, StartFrom } from './ring.ts'

/** Valid only during the call: the memory is used again for the next message. */
export type MessageListener = (message: Uint8Array) => void

export interface SubscribeOptions {
  /** Default: what is published from now on. Else what is still there as well. */
  readonly from?: StartFrom
}

export interface Subscription {
  /** Messages that were written over before they could be read, so far. Always 0 for a lossless topic. */
  readonly lost: number
  end(): void
}

/** A consumer that is asked: nothing of it happens by itself. */
export interface Puller extends Subscription {
  /** Undefined when everything is read. Valid until the next call of anything here. */
  next(): Uint8Array | undefined
  /**
   * Copies the next message to the beginning of `into` and returns its length; -1 when everything is read. Throws
   * BAD_INPUT where it does not fit, and then it stays the next.
   */
  nextInto(into: Uint8Array): number
  /** Blocks this thread until there is a message, for at most so long. Whether there is one. */
  waitSync(options: { readonly timeoutMs: number }): boolean
}

export interface Subscriber {
  subscribe(listener: MessageListener, options?: SubscribeOptions): Subscription
  pull(options?: SubscribeOptions): Puller
}

/** A turn of the event loop goes on for so long, looked at every so many messages: others have work too. */
const TURN_MS = 1
const LOOK_EVERY = 32

/** A cursor and those who hear what it reads. */
interface Feed {
  readonly consumer: Consumer
  listeners: readonly { readonly hear: MessageListener }[]
  endSource(): void
}

/** The cursors of this member in a ring. */
interface Seats {
  join(from: StartFrom): Consumer
  leave(consumer: Consumer): void
  /** Counts what a consumer has lost since the last time. */
  counterOf(consumer: Consumer): () => void
}

export function createSubscriber(
  wiring: Wiring,
  ring: Ring,
  statistics: StatisticsRow,
): Subscriber & { endAll(): void } {
  const open = new Set<Consumer>()
  const seats: Seats = {
    join(from) {
      const consumer = ring.join(undefined, from)
      open.add(consumer)
      return consumer
    },
    leave(consumer) {
      if (!open.delete(consumer)) return
      consumer.leave()
      // Whoever waited for this one need not wait any more.
      if (ring.isSpaceWanted()) wiring.wakeEverybody()
    },
    counterOf: (consumer) => countLosses(consumer, wiring, statistics),
  }
  const { subscribe, endFeeds } = createFeeds(wiring, seats)
  return {
    subscribe,
    pull: ({ from = 'now' } = {}) => createPuller(seats, from),
    endAll() {
      endFeeds()
      for (const consumer of open) seats.leave(consumer)
    },
  }
}

function countLosses(
  consumer: Consumer,
  { own }: Pick<Wiring, 'own'>,
  statistics: StatisticsRow,
): () => void {
  let [lost, expired] = [0, 0]
  return () => {
    if (consumer.lost === lost && consumer.expired === expired) return
    own.count('lost', consumer.lost - lost)
    own.count('expired', consumer.expired - expired)
    statistics.count('lost', consumer.lost - lost)
    statistics.count('expired', consumer.expired - expired)
    ;[lost, expired] = [consumer.lost, consumer.expired]
  }
}

function createPuller(seats: Seats, from: StartFrom): Puller {
  const consumer = seats.join(from)
  const count = seats.counterOf(consumer)
  return {
    next: () => consumer.next(),
    nextInto: (into) => consumer.nextInto(into),
    waitSync: ({ timeoutMs }) => consumer.waitSync(timeoutMs),
    get lost() {
      return consumer.lost
    },
    end() {
      count()
      seats.leave(consumer)
    },
  }
}

function createFeeds({ pump }: Pick<Wiring, 'pump'>, seats: Seats) {
  const feeds = new Set<Feed>()
  /** The one that all share who hear what comes from now on. */
  let current: Feed | undefined

  function start(from: StartFrom): Feed {
    const consumer = seats.join(from)
    const count = seats.counterOf(consumer)
    const feed: Feed = { consumer, listeners: [], endSource: () => {} }
    feed.endSource = pump.add({
      hasWork: () => consumer.hasNext(),
      drain() {
        const handled = drain(feed)
        count()
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
    subscribe(hear: MessageListener, { from = 'now' }: SubscribeOptions = {}): Subscription {
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
    endFeeds(): void {
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
      for (const { hear } of feed.listeners) hear(message)
      if (handled % LOOK_EVERY === 0 && performance.now() > endMs) break
    }
  } finally {
    consumer.settle()
  }
  return handled > 0
}
