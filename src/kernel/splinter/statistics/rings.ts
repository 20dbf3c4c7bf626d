import { inboxPlace } from '../envelopes/inbox-place.ts'
import type { Segment } from '../segment/segment.ts'
import { readLag } from '../topics/ring-cursors.ts'
import type { RingPlace } from '../topics/ring-place.ts'
import { listTopics } from '../topics/topic.ts'
import { type RowReading, readRow, statisticsWord } from './row.ts'

interface Lag {
  /** Of the member that consumes; 0 for nobody. */
  readonly consumer: number
  /** What it has not read by now. */
  readonly behindBytes: number
}

export interface RingReading {
  readonly capacityBytes: number
  readonly lossless: boolean
  /** What each member did, whoever was in its place. */
  readonly rows: readonly RowReading[]
  /** How far behind each member is, by its row. */
  readonly lags: readonly Lag[]
}

/** The topics that there are, with their names. */
export function readTopics(segment: Segment): { readonly name: string; readonly ring: RingReading }[] {
  return listTopics(segment).map(({ name, place }) => ({ name, ring: readRing(segment, place) }))
}

export function readInbox(segment: Segment, row: number): RingReading {
  return readRing(segment, inboxPlace(segment.layout, row))
}

/** Disturbs nobody: it takes no lock. */
function readRing(segment: Segment, place: RingPlace): RingReading {
  const { capacityBytes, lossless, consumersMax } = place
  const upTo = (length: number) => Array.from({ length }, (_, index) => index)
  return {
    capacityBytes,
    lossless,
    rows: upTo(consumersMax).map((index) => readRow(segment, statisticsWord(place, index))),
    lags: upTo(consumersMax).map((row) => readLag(segment, place, row)),
  }
}
