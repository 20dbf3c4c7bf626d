import { describeLatency, type Latency, mergeHistograms } from './histogram.ts'
import { addCounters } from './row.ts'
import type { BusStatistics, MemberStatistics, TopicStatistics } from './statistics.ts'

// Readings to make tests from: a bus on which nothing happened, but for what is given.

const NOTHING = describeLatency(mergeHistograms([]))

interface SomeMember extends Partial<MemberStatistics['figures']> {
  readonly name?: string
  readonly state?: MemberStatistics['state']
  readonly silentMs?: number
  readonly waitingBytes?: number
  readonly latency?: Latency
  readonly calls?: Latency
}

export function someMember({
  name = 'tieto',
  state = 'ready',
  silentMs,
  waitingBytes = 0,
  latency = NOTHING,
  calls = NOTHING,
  ...figures
}: SomeMember): MemberStatistics {
  const none = {
    ...{
      attachedAt: 1,
      heartbeatAt: 1,
      sentMessages: 0,
      sentBytes: 0,
      receivedMessages: 0,
      receivedBytes: 0,
    },
    ...{ lost: 0, expired: 0, refused: 0, strayed: 0, damaged: 0, sleeps: 0, unreadable: 0, repeated: 0 },
  }
  return {
    ...{ name, address: `${name}@0.1`, pid: 4_242, state, running: 0, silentMs },
    figures: { ...none, ...figures },
    inbox: { capacityBytes: 1_000, waitingBytes, latency },
    calls,
  }
}

interface SomeTopic {
  readonly name?: string
  readonly consumer?: string
  readonly behindBytes?: number
  readonly latency?: Latency
}

export function someTopic({
  name = 'progress',
  consumer = 'tieto',
  behindBytes = 0,
  latency = NOTHING,
}: SomeTopic): TopicStatistics {
  const counters = addCounters([])
  const member = { address: `${consumer}@0.1`, name: consumer, behindBytes, counters, latency }
  return { name, lossless: true, capacityBytes: 1_000, members: [member], total: counters, latency }
}

const SOME_STORE = {
  ...{
    keys: 3,
    keysMax: 100,
    blocks: 4,
    usedBytes: 256,
    storeBytes: 1_000,
    expired: 0,
    evicted: 0,
    untold: 0,
  },
}

export function statisticsOf(
  members: readonly MemberStatistics[],
  topics: readonly TopicStatistics[],
  store: Partial<BusStatistics['store']> = {},
): BusStatistics {
  return {
    ...{ at: 0, path: '/bus', sizeBytes: 4_096, seals: 'nothing', membersMax: 32, members, topics },
    store: { ...SOME_STORE, ...store },
  }
}
