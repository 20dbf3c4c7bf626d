import type { Wiring } from '../seat/wiring.ts'
import { checkListener, checkOptions, refuseUnless } from '../segment/arguments.ts'
import { createFeeds } from './feed.ts'
import { startGroupFeed } from './group-feed.ts'
import { createPuller, type Puller } from './puller.ts'
import type { Ring } from './ring.ts'
import { MESSAGE } from './ring-records.ts'
import { createGroupStream, createStream, type MessageStream, type StreamOptions } from './stream.ts'
import type { MessageListener, Seats, SubscribeOptions, Subscription } from './subscription.ts'

export interface Subscriber {
  /** Throws BUS_FULL where the topic has no room for another consumer, or group. */
  subscribe(listener: MessageListener, options?: SubscribeOptions): Subscription
  /** For threads that may block, or poll. Throws BUS_FULL. */
  pull(options?: Pick<SubscribeOptions, 'from'>): Puller
  /**
   * Messages in memory of their own, each when it is asked for. Joins at once, so that nothing is missed before the first
   * is asked for; leaves when the loop over it ends, or the signal ends it. Throws BUS_FULL.
   */
  stream(options?: StreamOptions): MessageStream
}

/** Throws BAD_INPUT. */
function checkFrom(options: Pick<SubscribeOptions, 'from' | 'group'>): void {
  checkOptions(options)
  const { from = 'now', group = '' } = options
  refuseUnless(
    from === 'now' || from === 'oldest',
    `A consumer begins at 'now' or 'oldest', not at '${from}'.`,
  )
  refuseUnless(typeof group === 'string', 'The name of a group is a text.')
}

export function createSubscriber(
  wiring: Wiring,
  ring: Ring,
  seats: Seats,
): Subscriber & { endSubscriptions(): void } {
  const feeds = createFeeds(wiring, seats)
  const ends = new Set<() => void>()

  /** Ends when its owner ends it, or with the channel, and then once. */
  function endable(end: () => void): () => void {
    const once = () => {
      if (ends.delete(once)) end()
    }
    ends.add(once)
    return once
  }

  function joinGroup(
    { from = 'now', concurrency = 1 }: SubscribeOptions,
    group: string,
    hear: MessageListener,
  ) {
    const options = { from, concurrency, kind: MESSAGE }
    const feed = startGroupFeed(wiring, ring, seats.countLosses, group, options, ({ message, redelivered }) =>
      hear(message, { redelivered }),
    )
    const end = endable(feed.end)
    return {
      get lost() {
        return feed.lost
      },
      end,
    }
  }

  return {
    subscribe(hear, options = {}) {
      checkListener(hear)
      checkFrom(options)
      const { from = 'now', group } = options
      return group === undefined ? feeds.subscribe(hear, from) : joinGroup(options, group, hear)
    },
    pull(options = {}) {
      checkFrom(options)
      const { from = 'now' } = options
      const consumer = seats.join(from)
      const end = endable(() => {
        seats.countLosses(consumer)
        seats.leave(consumer)
      })
      return createPuller(wiring, consumer, end)
    },
    stream(options = {}) {
      checkFrom(options)
      const { group } = options
      return group === undefined
        ? createStream(wiring, seats, options, endable)
        : createGroupStream(wiring, ring, seats, { ...options, group }, endable)
    },
    endSubscriptions() {
      feeds.end()
      for (const end of ends) end()
    },
  }
}
