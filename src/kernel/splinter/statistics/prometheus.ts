import type { Latency } from './histogram.ts'
import type { BusStatistics, MemberStatistics, TopicMemberStatistics } from './statistics.ts'

type Labels = Readonly<Record<string, string>>

interface Sample {
  readonly labels: Labels
  readonly value: number
}

interface Family {
  readonly name: string
  readonly help: string
  readonly type: 'counter' | 'gauge'
  readonly samples: readonly Sample[]
}

interface HistogramFamily {
  readonly name: string
  readonly help: string
  readonly type: 'histogram'
  readonly samples: readonly { readonly labels: Labels; readonly latency: Latency }[]
}

/**
 * The same figures in Prometheus' text format, version 0.0.4:
 * https://prometheus.io/docs/instrumenting/exposition_formats/
 */
export function toPrometheus(statistics: BusStatistics): string {
  const families = [
    ...familiesOfMembers(statistics),
    ...familiesOfTopics(statistics),
    ...familiesOfStore(statistics),
  ]
  return families
    .flatMap(writeFamily)
    .map((line) => `${line}\n`)
    .join('')
}

function familiesOfMembers({ members, membersMax }: BusStatistics): (Family | HistogramFamily)[] {
  const each = (figureOf: (member: MemberStatistics) => number) =>
    members.map((member) => ({ labels: labelsOf(member), value: figureOf(member) }))
  const counter = (name: string, figure: keyof MemberStatistics['figures'], help: string): Family => ({
    name: `runa_bus_member_${name}_total`,
    help,
    type: 'counter',
    samples: each(({ figures }) => figures[figure]),
  })
  const heard = members.filter(({ silentMs }) => silentMs !== undefined)
  return [
    gauge('runa_bus_members', 'Members alive.', [{ labels: {}, value: members.length }]),
    gauge('runa_bus_members_max', 'Members that there is room for.', [{ labels: {}, value: membersMax }]),
    gauge(
      'runa_bus_member_silent_seconds',
      'Since the last heartbeat; left out for members that give none.',
      heard.map((member) => ({ labels: labelsOf(member), value: (member.silentMs ?? 0) / 1_000 })),
    ),
    gauge(
      'runa_bus_member_running_calls',
      'Calls that it ran at its last heartbeat.',
      each(({ running }) => running),
    ),
    gauge(
      'runa_bus_inbox_waiting_bytes',
      'What a member has not read by now.',
      each(({ inbox }) => inbox.waitingBytes),
    ),
    gauge(
      'runa_bus_inbox_capacity_bytes',
      'What may wait for a member.',
      each(({ inbox }) => inbox.capacityBytes),
    ),
    counter('sent_messages', 'sentMessages', 'Envelopes that left.'),
    counter('sent_bytes', 'sentBytes', 'Bytes of the envelopes that left.'),
    counter('received_messages', 'receivedMessages', 'Envelopes that arrived.'),
    counter('received_bytes', 'receivedBytes', 'Bytes of the envelopes that arrived.'),
    counter('lost_messages', 'lost', 'Messages that were written over before they were read.'),
    counter('expired_messages', 'expired', 'Envelopes that arrived after their time to live.'),
    counter('refused_messages', 'refused', 'Messages that never left, since a receiver does not keep up.'),
    counter('strayed_messages', 'strayed', 'Envelopes that were meant for the last member in that place.'),
    counter('damaged_messages', 'damaged', 'What was no envelope, or was changed since it was sealed.'),
    counter('unreadable_messages', 'unreadable', 'Envelopes sealed with a key that the member lacks.'),
    counter('repeated_messages', 'repeated', 'Calls that came a second time.'),
    histogram(
      'runa_bus_inbox_latency_seconds',
      'From sending to reading, of a sample of the envelopes.',
      members.map((member) => ({ labels: labelsOf(member), latency: member.inbox.latency })),
    ),
    histogram(
      'runa_bus_call_duration_seconds',
      'How long the answered calls took.',
      members.map((member) => ({ labels: labelsOf(member), latency: member.calls })),
    ),
  ]
}

function familiesOfTopics({ topics }: BusStatistics): (Family | HistogramFamily)[] {
  const seats = topics.flatMap(({ name: topic, members }) =>
    members.map((member) => ({ labels: { ...labelsOf(member), topic }, member })),
  )
  const counter = (name: string, figure: keyof TopicMemberStatistics['counters'], help: string): Family => ({
    name: `runa_bus_topic_${name}_total`,
    help,
    type: 'counter',
    samples: seats.map(({ labels, member }) => ({ labels, value: member.counters[figure] })),
  })
  const consumers = seats.filter(({ member }) => member.behindBytes !== undefined)
  return [
    gauge(
      'runa_bus_topic_capacity_bytes',
      'What may wait in a topic.',
      topics.map(({ name: topic, capacityBytes }) => ({ labels: { topic }, value: capacityBytes })),
    ),
    gauge(
      'runa_bus_topic_behind_bytes',
      'What a consumer has not read by now.',
      consumers.map(({ labels, member }) => ({ labels, value: member.behindBytes ?? 0 })),
    ),
    counter('sent_messages', 'sentMessages', 'Messages published.'),
    counter('sent_bytes', 'sentBytes', 'Bytes published.'),
    counter('received_messages', 'receivedMessages', 'Messages read.'),
    counter('received_bytes', 'receivedBytes', 'Bytes read.'),
    counter('waits', 'waits', 'Messages that found no room at first.'),
    counter('refused_messages', 'refused', 'Messages that found no room at all.'),
    counter('lost_messages', 'lost', 'Messages that were written over before they were read.'),
    counter('expired_messages', 'expired', 'Messages that were read after their time to live.'),
    counter(
      'redelivered_messages',
      'redelivered',
      'Messages that a dead member of the group had taken before.',
    ),
    histogram(
      'runa_bus_topic_latency_seconds',
      'From publishing to reading, of a sample of the messages.',
      seats.map(({ labels, member }) => ({ labels, latency: member.latency })),
    ),
  ]
}

function familiesOfStore({ store }: BusStatistics): Family[] {
  const { keys, keysMax, blocks, usedBytes, storeBytes, expired, evicted, untold } = store
  const one = (value: number) => [{ labels: {}, value }]
  const counter = (name: string, help: string, value: number): Family => ({
    name: `runa_bus_store_${name}_total`,
    help,
    type: 'counter',
    samples: one(value),
  })
  return [
    gauge('runa_bus_store_keys', 'Keys in the store.', one(keys)),
    gauge('runa_bus_store_keys_max', 'Keys that there is room for.', one(keysMax)),
    gauge('runa_bus_store_blocks', 'Blocks that values hold, or held last.', one(blocks)),
    gauge('runa_bus_store_used_bytes', 'Of those blocks.', one(usedBytes)),
    gauge('runa_bus_store_capacity_bytes', 'Of all blocks.', one(storeBytes)),
    counter('expired_keys', 'Keys whose time was over.', expired),
    counter('evicted_keys', 'Keys that faded, or had to make room.', evicted),
    counter('untold', 'How often a listener had no room for what the store let go of.', untold),
  ]
}

function gauge(name: string, help: string, samples: readonly Sample[]): Family {
  return { name, help, type: 'gauge', samples }
}

function histogram(name: string, help: string, samples: HistogramFamily['samples']): HistogramFamily {
  return { name, help, type: 'histogram', samples }
}

function labelsOf({ name, address }: { readonly name: string; readonly address: string }): Labels {
  return { member: name, address }
}

function writeFamily(family: Family | HistogramFamily): string[] {
  const { name, help, type } = family
  if (family.samples.length === 0) return []
  const lines =
    family.type === 'histogram'
      ? family.samples.flatMap(({ labels, latency }) => writeHistogram(name, labels, latency))
      : family.samples.map(({ labels, value }) => writeSample(name, labels, value))
  return [
    `# HELP ${name} ${help.replaceAll('\\', '\\\\').replaceAll('\n', '\\n')}`,
    `# TYPE ${name} ${type}`,
    ...lines,
  ]
}

/** One bucket an octave, which is as fine as most who look at it need: 27 lines for each member are many already. */
const OCTAVES = Array.from({ length: 26 }, (_, octave) => 2 ** (octave + 1))

function writeHistogram(name: string, labels: Labels, { buckets, count }: Latency): string[] {
  const below = (micros: number) =>
    buckets.reduce((sum, bucket) => (bucket.lessThanMicros <= micros ? sum + bucket.count : sum), 0)
  // Each counted with the end of its bucket: the sum is at most a quarter too high.
  const sumMicros = buckets.reduce((sum, bucket) => sum + bucket.count * bucket.lessThanMicros, 0)
  return [
    ...OCTAVES.map((micros) =>
      writeSample(`${name}_bucket`, { ...labels, le: String(micros / 1e6) }, below(micros)),
    ),
    writeSample(`${name}_bucket`, { ...labels, le: '+Inf' }, count),
    writeSample(`${name}_sum`, labels, sumMicros / 1e6),
    writeSample(`${name}_count`, labels, count),
  ]
}

function writeSample(name: string, labels: Labels, value: number): string {
  const written = Object.entries(labels).map(([label, text]) => `${label}="${escapeLabel(text)}"`)
  return `${name}${written.length === 0 ? '' : `{${written.join(',')}}`} ${value}`
}

function escapeLabel(text: string): string {
  return text.replaceAll('\\', '\\\\').replaceAll('"', '\\"').replaceAll('\n', '\\n')
}
