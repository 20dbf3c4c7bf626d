import type { Wiring } from '../seat/wiring.ts'
import type { StatisticsRow } from '../statistics/row.ts'
import type { Ring, StartFrom } from './ring.ts'
import type { Consumer } from './ring-consumer.ts'

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

export function createSubscriber(
  { own, pump, wakeEverybody }: Wiring,
  ring: Ring,
  statistics: StatisticsRow,
): Subscriber & { endAll(): void } {
  const open = new Set<Consumer>()
  /** The one that all share who hear what comes from now on. */
  let current: Feed | undefined

  function join(from: StartFrom | undefined): Consumer {
    const consumer = ring.join(undefined, from)
    open.add(consumer)
    return consumer
  }

  function leave(consumer: Consumer): void {
    if (!open.delete(consumer)) return
    consumer.leave()
    // Whoever waited for this one need not wait any more.
    if (ring.isSpaceWanted()) wakeEverybody()
  }

  function startFeed(from: StartFrom | undefined): Feed {
    const consumer = join(from)
    const feed: Feed = { consumer, listeners: [], endSource: () => {} }
    const count = countLosses(consumer)
    feed.endSource = pump.add({
      hasWork: () => consumer.hasNext(),
      drain() {
        const handled = drain(feed)
        count()
        return handled
      },
    })
    return feed
  }

  /** Counts what its consumer has lost since the last time. */
  function countLosses(consumer: Consumer): () => void {
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

  function endFeed(feed: Feed): void {
    if (feed === current) current = undefined
    feed.endSource()
    leave(feed.consumer)
  }

  return {
    subscribe(hear, { from = 'now' } = {}) {
      const feed = from === 'now' ? (current ?? startFeed(from)) : startFeed(from)
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
          if (feed.listeners.length === 0) endFeed(feed)
        },
      }
    },
    pull({ from } = {}) {
      const consumer = join(from)
      const count = countLosses(consumer)
      return {
        next: () => consumer.next(),
        nextInto: (into) => consumer.nextInto(into),
        waitSync: ({ timeoutMs }) => consumer.waitSync(timeoutMs),
        get lost() {
          return consumer.lost
        },
        end() {
          count()
          leave(consumer)
        },
      }
    },
    endAll() {
      if (current) endFeed(current)
      for (const consumer of open) leave(consumer)
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
