import { type Member, type MemberTable, stampOfAddress } from '../seat/members.ts'
import { rowOfStamp } from '../seat/stamp.ts'
import type { Seals } from '../segment/privacy.ts'
import type { Segment } from '../segment/segment.ts'
import type { StoreFigures } from '../store/store-figures.ts'
import { describeLatency, type Latency, mergeHistograms } from './histogram.ts'
import { type RingReading, readInbox, readTopics } from './rings.ts'
import { addCounters, type Counters, type RowReading } from './row.ts'

export interface MemberStatistics extends Member {
  readonly inbox: {
    readonly capacityBytes: number
    /** What it has not read by now. */
    readonly waitingBytes: number
    /** From the sending of an envelope to its reading. */
    readonly latency: Latency
  }
  /** How long the calls took that it answered. */
  readonly calls: Latency
}

/** One living member of a topic. */
export interface TopicMemberStatistics {
  readonly address: string
  readonly name: string
  /** What it has not read by now; undefined for who only publishes. */
  readonly behindBytes: number | undefined
  readonly counters: Counters
  /** From publishing to reading. */
  readonly latency: Latency
}

export interface TopicStatistics {
  readonly name: string
  readonly lossless: boolean
  readonly capacityBytes: number
  readonly members: readonly TopicMemberStatistics[]
  /** With what the dead did, as long as nobody else has their places. */
  readonly total: Counters
  readonly latency: Latency
}

/** Everything that a bus knows of itself, at one moment. Counted since each member attached. */
export interface BusStatistics {
  /** Milliseconds since 1970. */
  readonly at: number
  readonly path: string
  readonly sizeBytes: number
  readonly seals: Seals
  readonly membersMax: number
  readonly members: readonly MemberStatistics[]
  readonly topics: readonly TopicStatistics[]
  readonly store: StoreFigures
}

/** Takes no lock, and keeps nobody waiting. */
export function readStatistics(segment: Segment, table: MemberTable, store: StoreFigures): BusStatistics {
  const { path, layout, privacy } = segment
  const members = table.list()
  return {
    at: Date.now(),
    path,
    sizeBytes: layout.sizeBytes,
    seals: privacy.seals,
    membersMax: layout.membersMax,
    members: members.map((member) => describeMember(segment, table, member)),
    store,
    topics: readTopics(segment).map(({ name, ring }) => ({ name, ...describeTopic(ring, members) })),
  }
}

function describeMember(segment: Segment, table: MemberTable, member: Member): MemberStatistics {
  const stamp = stampOfAddress(member.address)
  const { capacityBytes, rows, lags } = readInbox(segment, rowOfStamp(stamp))
  const waitingBytes = Math.max(0, ...lags.map(({ behindBytes }) => behindBytes))
  const own = rows.filter((row) => row.stamp === stamp)
  return {
    ...member,
    inbox: { capacityBytes, waitingBytes, latency: latencyOf(own) },
    calls: describeLatency(table.callTimes(rowOfStamp(stamp))),
  }
}

function describeTopic(
  { lossless, capacityBytes, rows, lags }: RingReading,
  members: readonly Member[],
): Omit<TopicStatistics, 'name'> {
  return {
    lossless,
    capacityBytes,
    members: members.flatMap(({ address, name }) => {
      const stamp = stampOfAddress(address)
      const own = rows.filter((row) => row.stamp === stamp)
      const behind = lags.filter(({ consumer }) => consumer === stamp).map(({ behindBytes }) => behindBytes)
      if (own.length === 0 && behind.length === 0) return []
      const behindBytes = behind.length === 0 ? undefined : Math.max(...behind)
      return [{ address, name, behindBytes, counters: addCounters(own), latency: latencyOf(own) }]
    }),
    total: addCounters(rows),
    latency: latencyOf(rows),
  }
}

function latencyOf(rows: readonly RowReading[]): Latency {
  return describeLatency(mergeHistograms(rows.map(({ latency }) => latency)))
}
