import type { Wiring } from '../seat/wiring.ts'
import { StatisticsRow, statisticsWord } from '../statistics/row.ts'
import type { Consumer } from './consumer.ts'
import { createLossCounter } from './losses.ts'
import { createPublisher, createSender, type Publisher } from './publisher.ts'
import { createRequests, type Requests } from './requests.ts'
import { Ring } from './ring.ts'
import type { RingPlace } from './ring-place.ts'
import { createSubscriber, type Subscriber } from './subscriber.ts'
import type { Seats } from './subscription.ts'

/** A topic, as one member sees it. */
export interface Channel extends Publisher, Subscriber, Requests {
  close(): void
}

/** Tells whoever wants to know that messages of a topic were lost, or expired. */
export type LossAnnouncer = (what: 'messages-expired' | 'messages-lost', topic: string, count: number) => void

export function createChannel(
  wiring: Wiring,
  place: RingPlace,
  name: string,
  announce: LossAnnouncer,
): Channel {
  const { segment, own, locks, wakeEverybody } = wiring
  const statistics = new StatisticsRow(segment, statisticsWord(place, own.row), own.stamp)
  const ring = new Ring(segment, place, { locks, owner: own, onSpace: wakeEverybody, statistics })
  const countLosses = createLossCounter(wiring, statistics, (what, count) => announce(what, name, count))
  const open = new Set<Consumer>()
  const seats: Seats = {
    join(from, kinds) {
      const consumer = ring.join(kinds === undefined ? { from } : { from, kinds })
      open.add(consumer)
      return consumer
    },
    leave(consumer) {
      if (!open.delete(consumer)) return
      consumer.leave()
      // Whoever waited for this one need not wait any more.
      if (ring.isSpaceWanted()) wakeEverybody()
    },
    countLosses,
  }
  const sender = createSender(wiring, ring, name, statistics)
  const { endSubscriptions, ...subscriber } = createSubscriber(wiring, ring, seats)
  const { endRequests, ...requests } = createRequests(wiring, ring, seats, sender)
  return {
    ...createPublisher(sender),
    ...subscriber,
    ...requests,
    close() {
      endRequests()
      endSubscriptions()
    },
  }
}
