import type { BusStatistics, MemberStatistics, TopicStatistics, Trouble } from '#kernel/splinter'
import { formatMemory, plural } from '../output.ts'
import { type Column, formatMicros, formatPart, formatRate, layOutTable, wrap } from './figures.ts'

/** What the bus did in the last `seconds`, and how things are. */
export interface BusView {
  /** Counted from the beginning. Latencies are shown from here: in a few seconds little is measured. */
  readonly now: BusStatistics
  readonly since: BusStatistics
  readonly seconds: number
  readonly troubles: readonly Trouble[]
}

const MEMBER_COLUMNS: readonly Column[] = [
  { title: 'MEMBER', width: 17 },
  { title: 'STATE', width: 8 },
  { title: 'HEARD', width: 6, numeric: true, spare: 1 },
  { title: 'OUT/S', width: 6, numeric: true },
  { title: 'IN/S', width: 6, numeric: true },
  { title: 'INBOX', width: 5, numeric: true },
  { title: 'READ P99', width: 8, numeric: true, spare: 2 },
  { title: 'RUNS', width: 4, numeric: true, spare: 4 },
  { title: 'CALL P99', width: 8, numeric: true, spare: 3 },
]

const TOPIC_COLUMNS: readonly Column[] = [
  { title: 'TOPIC', width: 17 },
  { title: 'KIND', width: 8, spare: 2 },
  { title: 'SIZE', width: 8, numeric: true, spare: 3 },
  { title: 'OUT/S', width: 6, numeric: true },
  { title: 'IN/S', width: 6, numeric: true },
  { title: 'BEHIND', width: 6, numeric: true },
  { title: 'LOST', width: 6, numeric: true },
  { title: 'P99', width: 8, numeric: true, spare: 1 },
]

/** Lines of at most `width` characters. What is to be looked at comes first: it must not fall off a small screen. */
export function showBus({ now, since, seconds, troubles }: BusView, width?: number): string[] {
  return [
    ...showTroubles(troubles).flatMap((line) => wrap(line, width)),
    '',
    ...layOutTable(
      MEMBER_COLUMNS,
      since.members.map((member, index) =>
        memberRow({ ...member, ...latenciesOf(now.members[index]) }, seconds, troubles),
      ),
      width,
    ),
    '',
    ...layOutTable(
      TOPIC_COLUMNS,
      since.topics.map((topic, index) =>
        topicRow({ ...topic, latency: now.topics[index]?.latency ?? topic.latency }, seconds),
      ),
      width,
    ),
    '',
    ...wrap(showStore(now.store, since.store), width),
  ]
}

function showStore({ keys, keysMax, usedBytes, storeBytes }: StoreFigures, since: StoreFigures): string {
  const letGo = since.expired + since.evicted
  const values = `values ${formatMemory(usedBytes)} of ${formatMemory(storeBytes)}`
  return `STORE: ${keys} of ${keysMax} keys, ${values}${letGo > 0 ? `, ${letGo} keys let go of lately` : ''}`
}

type StoreFigures = BusStatistics['store']

function latenciesOf(member: MemberStatistics | undefined): Partial<MemberStatistics> {
  return member === undefined ? {} : { inbox: member.inbox, calls: member.calls }
}

export function showHead({ members, membersMax, topics, sizeBytes, seals }: BusStatistics): string {
  const sealed = { nothing: 'nothing is sealed', words: 'words are sealed', everything: 'all is sealed' }[
    seals
  ]
  return `${members.length} of ${membersMax} members, ${plural(topics.length, 'topic')}, ${formatMemory(sizeBytes)}, ${sealed}`
}

function showTroubles(troubles: readonly Trouble[]): string[] {
  if (troubles.length === 0) return ['Nothing to look at: nobody is slow, silent or behind.']
  return troubles.map(({ sentence }) => `! ${sentence}`)
}

function memberRow(
  { name, address, state, silentMs, running, figures, inbox, calls }: MemberStatistics,
  seconds: number,
  troubles: readonly Trouble[],
): string[] {
  const isNamed = troubles.some(({ member }) => member === address)
  return [
    `${isNamed ? '! ' : ''}${name}`,
    state,
    silentMs === undefined ? '-' : `${(silentMs / 1_000).toFixed(1)} s`,
    formatRate(figures.sentMessages, seconds),
    formatRate(figures.receivedMessages, seconds),
    formatPart(inbox.waitingBytes / inbox.capacityBytes),
    formatMicros(inbox.latency.p99Micros),
    String(running),
    formatMicros(calls.p99Micros),
  ]
}

function topicRow(
  { name, lossless, capacityBytes, members, total, latency }: TopicStatistics,
  seconds: number,
) {
  const behindBytes = Math.max(0, ...members.map((member) => member.behindBytes ?? 0))
  return [
    name,
    lossless ? 'lossless' : 'lossy',
    formatMemory(capacityBytes),
    formatRate(total.sentMessages, seconds),
    formatRate(total.receivedMessages, seconds),
    formatPart(behindBytes / capacityBytes),
    String(total.lost),
    formatMicros(latency.p99Micros),
  ]
}
