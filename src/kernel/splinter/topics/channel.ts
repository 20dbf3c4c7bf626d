import { rowOfStamp } from '../seat/stamp.ts'
import type { Wiring } from '../seat/wiring.ts'
import { StatisticsRow, statisticsWord } from '../statistics/row.ts'
import { createPublisher, type Publisher } from './publisher.ts'
import { Ring } from './ring.ts'
import type { RingPlace } from './ring-place.ts'
import { createSubscriber, type Subscriber } from './subscriber.ts'

/** A topic, as one member sees it. */
export interface Channel extends Publisher, Subscriber {
  close(): void
}

export function createChannel(wiring: Wiring, place: RingPlace, name: string): Channel {
  const { segment, own, locks, wakeEverybody } = wiring
  const row = rowOfStamp(own.stamp)
  const statistics = new StatisticsRow(segment, statisticsWord(place, row), own.stamp)
  const ring = new Ring(segment, place, { locks, owner: own, onSpace: wakeEverybody, statistics })
  const publisher = createPublisher(wiring, ring, name, statistics)
  const { endAll, ...subscriber } = createSubscriber(wiring, ring, statistics)
  return { ...publisher, ...subscriber, close: endAll }
}
