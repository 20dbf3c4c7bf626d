import type { StoreFigures } from '../store/store-figures.ts'
import { latencySince } from './histogram.ts'
import { subtractCounters } from './row.ts'
import type { BusStatistics, MemberStatistics, TopicMemberStatistics, TopicStatistics } from './statistics.ts'

/**
 * What happened between two readings of one bus: its counters and latencies are of that time alone. What states how
 * things are (who lives, who is behind) is that of the later one. Who came in between is counted from its beginning.
 */
export function statisticsSince(later: BusStatistics, earlier: BusStatistics): BusStatistics {
  return {
    ...later,
    members: later.members.map((member) =>
      memberSince(
        member,
        earlier.members.find(({ address }) => address === member.address),
      ),
    ),
    store: { ...later.store, ...lettingGo(later.store, earlier.store) },
    topics: later.topics.map((topic) =>
      topicSince(
        topic,
        earlier.topics.find(({ name }) => name === topic.name),
      ),
    ),
  }
}

/** What the store has let go of; how full it is, it is now. */
function lettingGo(later: StoreFigures, earlier: StoreFigures) {
  const counted = ({ expired, evicted, untold }: StoreFigures) => ({ expired, evicted, untold })
  return subtractCounters(counted(later), counted(earlier))
}

function memberSince(later: MemberStatistics, earlier: MemberStatistics | undefined): MemberStatistics {
  if (earlier === undefined) return later
  const { attachedAt, heartbeatAt } = later.figures
  return {
    ...later,
    figures: { ...subtractCounters(later.figures, earlier.figures), attachedAt, heartbeatAt },
    inbox: { ...later.inbox, latency: latencySince(later.inbox.latency, earlier.inbox.latency) },
    calls: latencySince(later.calls, earlier.calls),
  }
}

function topicSince(later: TopicStatistics, earlier: TopicStatistics | undefined): TopicStatistics {
  if (earlier === undefined) return later
  return {
    ...later,
    members: later.members.map((member) =>
      topicMemberSince(
        member,
        earlier.members.find(({ address }) => address === member.address),
      ),
    ),
    total: subtractCounters(later.total, earlier.total),
    latency: latencySince(later.latency, earlier.latency),
  }
}

function topicMemberSince(
  later: TopicMemberStatistics,
  earlier: TopicMemberStatistics | undefined,
): TopicMemberStatistics {
  if (earlier === undefined) return later
  return {
    ...later,
    counters: subtractCounters(later.counters, earlier.counters),
    latency: latencySince(later.latency, earlier.latency),
  }
}
