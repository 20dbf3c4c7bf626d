import type { StoreFigures } from '../store/store-figures.ts'
import type { BusStatistics, MemberStatistics, TopicStatistics } from './statistics.ts'

/** From when on a member or a topic is named. */
const LIMITS = {
  /** Services give a heartbeat each second. */
  silentMs: 3_000,
  /** Of a ring. Soon a lossless one refuses, and a lossy one loses. */
  behindPart: 0.5,
  /** From sending to reading, or to answer one call, for one in a hundred. */
  p99Micros: 250_000,
  /** Fewer say little about one in a hundred. */
  measuredMin: 20,
  /** Of the keys that a store has room for. */
  fullPart: 0.9,
} as const

export type TroubleKind = 'silent' | 'behind' | 'slow' | 'losing' | 'refused' | 'damaged' | 'full' | 'untold'

/** Something that a person should look at, with the figure that says so. */
export interface Trouble {
  readonly kind: TroubleKind
  /** Address of the member; undefined where it is about the store. */
  readonly member: string | undefined
  /** Undefined where it is about the store, the member as such, or its inbox. */
  readonly topic: string | undefined
  readonly sentence: string
}

/**
 * Names the slow and the silent. Give it `statisticsSince`, not what was counted since the beginning: then it tells how
 * things are.
 */
export function findTroubles({ members, topics, store }: BusStatistics): Trouble[] {
  return [...members.flatMap(troublesOfMember), ...topics.flatMap(troublesInTopic), ...troublesOfStore(store)]
}

function troublesOfStore({ keys, keysMax, untold }: StoreFigures): Trouble[] {
  const found: Trouble[] = []
  const add = (kind: TroubleKind, sentence: string) =>
    found.push({ kind, member: undefined, topic: undefined, sentence })
  if (keys > keysMax * LIMITS.fullPart) add('full', `The store is ${percent(keys / keysMax)} full of keys.`)
  if (untold > 0) {
    add(
      'untold',
      `The store could not announce what it lets go of, ${untold} times: a listener does not keep up.`,
    )
  }
  return found
}

function troublesOfMember({ address, name, silentMs, state, inbox, calls, figures }: MemberStatistics) {
  const found: Trouble[] = []
  const add = (kind: TroubleKind, sentence: string) =>
    found.push({ kind, member: address, topic: undefined, sentence: `${name} ${sentence}` })
  if (state !== 'stopping' && (silentMs ?? 0) > LIMITS.silentMs) {
    add('silent', `has given no sign of life for ${seconds((silentMs ?? 0) * 1_000)}.`)
  }
  if (inbox.waitingBytes > inbox.capacityBytes * LIMITS.behindPart) {
    add('behind', `does not read: its inbox is ${percent(inbox.waitingBytes / inbox.capacityBytes)} full.`)
  }
  const late = slowness(inbox.latency)
  if (late !== undefined) add('slow', `reads one message in a hundred later than ${seconds(late)}.`)
  const slow = slowness(calls)
  if (slow !== undefined) add('slow', `takes longer than ${seconds(slow)} for one call in a hundred.`)
  if (figures.lost > 0) add('losing', `lost ${messages(figures.lost)}: it does not keep up.`)
  if (figures.refused > 0) add('refused', `was refused ${messages(figures.refused)}: others do not keep up.`)
  const broken = figures.damaged + figures.unreadable + figures.repeated
  if (broken > 0)
    add('damaged', `got ${messages(broken)} that it could not take: damaged, without key or repeated.`)
  return found
}

function troublesInTopic({ name: topic, capacityBytes, members }: TopicStatistics): Trouble[] {
  return members.flatMap(({ address, name, behindBytes = 0, latency }) => {
    const found: Trouble[] = []
    const add = (kind: TroubleKind, sentence: string) =>
      found.push({ kind, member: address, topic, sentence: `${name} ${sentence}` })
    const behind = behindBytes / capacityBytes
    if (behind > LIMITS.behindPart) add('behind', `is ${percent(behind)} of the topic '${topic}' behind.`)
    const late = slowness(latency)
    if (late !== undefined) {
      add('slow', `reads one message of '${topic}' in a hundred later than ${seconds(late)}.`)
    }
    return found
  })
}

/** Undefined for what is quick, or was hardly measured. A bucket begins at four fifths of its end, or later. */
function slowness({ count, p99Micros = 0 }: MemberStatistics['calls']): number | undefined {
  return count >= LIMITS.measuredMin && p99Micros > LIMITS.p99Micros ? p99Micros * 0.8 : undefined
}

function percent(part: number): string {
  return `${Math.round(part * 100)} %`
}

function seconds(micros: number): string {
  return `${(micros / 1e6).toFixed(micros < 1e7 ? 1 : 0)} s`
}

function messages(count: number): string {
  return count === 1 ? 'a message' : `${count} messages`
}
