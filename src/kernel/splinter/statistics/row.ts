import { STATISTICS_WORDS, statisticsBytes } from '../segment/geometry.ts'
import type { Segment } from '../segment/segment.ts'
import { microsSince } from './clock.ts'
import { type Histogram, observe, readHistogram } from './histogram.ts'

// Words of a row. It belongs to the member whose stamp stands in it, and only that one writes; whoever reads adds up.
const OWNER = 0
const COUNTERS_WORD = 2
const HISTOGRAM_WORD = 24

const COUNTERS = [
  'sentMessages',
  'sentBytes',
  'waits',
  'waitedMs',
  'refused',
  'receivedMessages',
  'receivedBytes',
  'lost',
  'expired',
  'redelivered',
] as const
const SENT_MESSAGES = COUNTERS.indexOf('sentMessages')
const SENT_BYTES = COUNTERS.indexOf('sentBytes')
const RECEIVED_MESSAGES = COUNTERS.indexOf('receivedMessages')
const RECEIVED_BYTES = COUNTERS.indexOf('receivedBytes')
export type Counter = (typeof COUNTERS)[number]

/**
 * What one member did in one topic or inbox. `waits` are publishes that found no room at first, `waitedMs` what that cost
 * in all; `refused` never left; `lost` was written over before it was read; `redelivered` had been taken by another
 * member of the group, which died.
 */
export type Counters = Readonly<Record<Counter, number>>

export interface RowReading extends Counters {
  /** 0 where nobody ever wrote. */
  readonly stamp: number
  readonly latency: Histogram
}

/** Where the row of one consumer of a ring stands. */
export function statisticsWord(
  { header, consumersMax }: { readonly header: number; readonly consumersMax: number },
  index: number,
): number {
  return header + statisticsBytes(consumersMax) / 4 + index * STATISTICS_WORDS
}

/** The row of this process, at the word `start` of the segment, which is even. */
export class StatisticsRow {
  private readonly words: Int32Array
  private readonly floats: Float64Array
  private readonly start: number
  private readonly counters: number

  /** Begins anew where the row was somebody else's. */
  constructor({ words, floats }: Pick<Segment, 'words' | 'floats'>, start: number, stamp: number) {
    this.words = words
    this.floats = floats
    this.start = start
    this.counters = (start + COUNTERS_WORD) >> 1
    if (Atomics.load(words, start + OWNER) === stamp) return
    Atomics.store(words, start + OWNER, 0)
    words.fill(0, start, start + STATISTICS_WORDS)
    Atomics.store(words, start + OWNER, stamp)
  }

  sent(messages: number, sizeBytes: number): void {
    this.add(SENT_MESSAGES, messages)
    this.add(SENT_BYTES, sizeBytes)
  }

  received(messages: number, sizeBytes: number): void {
    this.add(RECEIVED_MESSAGES, messages)
    this.add(RECEIVED_BYTES, sizeBytes)
  }

  count(counter: Counter, by: number): void {
    this.add(COUNTERS.indexOf(counter), by)
  }

  /** `stamp` of `stampMicros`, from when it was sent. 0: that one was not stamped. */
  arrived(stamp: number): void {
    if (stamp !== 0) observe(this.words, this.start + HISTOGRAM_WORD, microsSince(stamp))
  }

  took(micros: number): void {
    observe(this.words, this.start + HISTOGRAM_WORD, micros)
  }

  private add(index: number, by: number): void {
    const at = this.counters + index
    this.floats[at] = (this.floats[at] ?? 0) + by
  }
}

export function readRow({ words, floats }: Pick<Segment, 'words' | 'floats'>, start: number): RowReading {
  const first = (start + COUNTERS_WORD) >> 1
  const counters = Object.fromEntries(COUNTERS.map((name, index) => [name, floats[first + index] ?? 0]))
  return {
    stamp: Atomics.load(words, start + OWNER),
    ...(counters as Record<Counter, number>),
    latency: readHistogram(words, start + HISTOGRAM_WORD),
  }
}

export function addCounters(readings: readonly Counters[]): Counters {
  const sums = COUNTERS.map((name) => [name, readings.reduce((sum, reading) => sum + reading[name], 0)])
  return Object.fromEntries(sums) as Record<Counter, number>
}

/** Where a counter was begun anew, it is the later one. */
export function subtractCounters<Each extends Readonly<Record<string, number>>>(
  later: Each,
  earlier: Each,
): Each {
  const differences = Object.entries(later).map(([name, count]) => {
    const before = earlier[name] ?? 0
    return [name, count < before ? count : count - before]
  })
  return Object.fromEntries(differences) as Each
}
