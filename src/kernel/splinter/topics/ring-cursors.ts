import { futexWake } from '#kernel/sys'
import { rowWord, SLEEPING } from '../seat/members.ts'
import { rowOfStamp } from '../seat/stamp.ts'
import { CURSOR_BYTES, CURSORS_BYTE, cursorsOf } from '../segment/geometry.ts'
import type { Segment } from '../segment/segment.ts'
import { Groups } from './ring-groups.ts'
import type { RingPlace, RingSettings } from './ring-place.ts'
import { RecordStore } from './ring-records.ts'
import { emptyState, JOINS, type RingState, readState } from './ring-state.ts'

// Words of a cursor. It exists once its stamp says whose it is, which is written last.
const STAMP = 0
/** Where its consumer reads on, and what it expects there. */
export const POSITION = 1
export const SEQUENCE = 2
/** Not 0: a thread sleeps on this word until something comes. */
export const WAITING = 3
/** 0, or the number of the group that it takes part in, counted from 1. */
const GROUP = 4
/** What a member of a group has taken and not finished: sequence and position, which is 0 for none and else one more. */
export const TAKEN = 5
export const TAKEN_WORDS = 2
/** How many a member of a group may have at a time. */
export const TAKEN_MAX = 5

function cursorWord(header: number, index: number): number {
  return header + ((CURSORS_BYTE + index * CURSOR_BYTES) >> 2)
}

/** A consumer, and the words that say whether its event loop or its thread sleeps. */
interface Listed {
  readonly cursor: number
  readonly row: number
  readonly sleeping: number
  readonly waiting: number
}

/** The cursors of a ring, as its writers see them. */
export class Cursors {
  /** How far the last `findSlowest` found everybody to be. */
  slowest = 0
  slowestSequence = 0
  private readonly words: Int32Array
  private readonly header: number
  private readonly count: number
  private readonly settings: RingSettings
  private readonly segment: Segment
  private readonly groups: Groups
  private joins: number
  private listed: Listed[] = []
  private listedGroups: number[] = []

  constructor(segment: Segment, place: RingPlace, settings: RingSettings) {
    this.segment = segment
    this.words = segment.words
    this.header = place.header
    this.count = cursorsOf(place.consumersMax)
    this.settings = settings
    this.groups = new Groups(segment, place)
    this.joins = Atomics.load(this.words, place.header + JOINS) - 1
  }

  /**
   * One that nobody living has, or -1. What a dead member of a group has not finished is kept for the others, and where
   * there are none, as long as another is free. Only for the holder of the ring's lock.
   */
  findFree(): number {
    let reserve = -1
    for (let index = 0; index < this.count; index += 1) {
      const cursor = this.at(index)
      const stamp = this.stampOf(cursor)
      if (stamp === 0) return index
      if (this.settings.owner.isAlive(stamp)) continue
      if (!this.hasTaken(cursor)) return index
      if (reserve < 0 && this.groups.isAbandoned(this.groupOf(cursor))) reserve = index
    }
    return reserve
  }

  /** For a group, counted from 0, or -1. Only for the holder of the ring's lock. */
  take(index: number, position: number, sequence: number, group = -1): number {
    const { words, header, settings } = this
    const cursor = this.at(index)
    Atomics.store(words, cursor + STAMP, 0)
    words.fill(0, cursor + WAITING, cursor + TAKEN + TAKEN_MAX * TAKEN_WORDS)
    words[cursor + GROUP] = group + 1
    words[cursor + POSITION] = position
    words[cursor + SEQUENCE] = sequence
    Atomics.store(words, cursor + STAMP, settings.owner.stamp)
    Atomics.add(words, header + JOINS, 1)
    return cursor
  }

  /** The cursors of a group's members, living or not. */
  ofGroup(group: number): number[] {
    const all = Array.from({ length: this.count }, (_, index) => this.at(index))
    return all.filter((cursor) => this.stampOf(cursor) !== 0 && this.groupOf(cursor) === group)
  }

  /** What its members, who are all dead, have not finished is nobody's. Only for the holder of the ring's lock. */
  readonly dropGroup = (group: number): void => {
    for (const cursor of this.ofGroup(group)) this.drop(cursor, this.stampOf(cursor))
  }

  stampOf(cursor: number): number {
    return Atomics.load(this.words, cursor + STAMP)
  }

  /** Whether anybody has joined or left since somebody saw that number. */
  joinsSince(): number {
    return Atomics.load(this.words, this.header + JOINS)
  }

  /**
   * Wakes whoever sleeps until something comes. After the commit: whoever goes to sleep raises its flag and then looks
   * again, so either it sees the record or this sees the flag.
   */
  wake(wakeRow: (row: number) => void): void {
    const { words } = this
    this.list()
    for (const { row, sleeping, waiting } of this.listed) {
      // Who waits without its event loop looks by itself then: a bell would only cost it a turn later.
      if (Atomics.load(words, waiting) !== 0) futexWake(words, waiting)
      else if (Atomics.load(words, sleeping) !== 0) wakeRow(row)
    }
  }

  /** Where the slowest consumer reads, whether or not it lives. Only for the holder of the ring's lock. */
  findSlowest(records: RecordStore, state: RingState): void {
    const { words, groups } = this
    this.slowest = state.head
    this.slowestSequence = state.headSequence
    this.list()
    for (const group of this.listedGroups) {
      if (groups.isAbandoned(group)) continue
      this.holdBack(records, state, groups.positionOf(group), groups.sequenceOf(group))
    }
    for (const { cursor } of this.listed) {
      if (Atomics.load(words, cursor + STAMP) === 0) continue
      if (Atomics.load(words, cursor + GROUP) !== 0) this.holdBackTaken(records, state, cursor)
      else {
        const position = Atomics.load(words, cursor + POSITION)
        this.holdBack(records, state, position, Atomics.load(words, cursor + SEQUENCE))
      }
    }
  }

  /** What a dead consumer, or a group of which nobody lives, has not read is no reason to wait. Whether there was any. */
  dropDead(): boolean {
    const { groups } = this
    const living = new Set<number>()
    let dropped = false
    for (let index = 0; index < this.count; index += 1) {
      const cursor = this.at(index)
      const stamp = this.stampOf(cursor)
      if (stamp === 0) continue
      if (this.settings.owner.isAlive(stamp)) living.add(this.groupOf(cursor))
      else if (!this.hasTaken(cursor)) {
        this.drop(cursor, stamp)
        dropped = true
      }
    }
    for (let index = 0; index < groups.count; index += 1) {
      if (!groups.isUsed(index) || groups.isAbandoned(index) || living.has(index)) continue
      groups.setAbandoned(index, true)
      dropped = true
    }
    return dropped
  }

  drop(cursor: number, stamp: number): void {
    Atomics.compareExchange(this.words, cursor + STAMP, stamp, 0)
    Atomics.add(this.words, this.header + JOINS, 1)
  }

  private at(index: number): number {
    return cursorWord(this.header, index)
  }

  /** Counted from 0; -1 for none. */
  private groupOf(cursor: number): number {
    const group = Atomics.load(this.words, cursor + GROUP) - 1
    return group < this.groups.count ? group : -1
  }

  private hasTaken(cursor: number): boolean {
    if (this.groupOf(cursor) < 0) return false
    for (let slot = 0; slot < TAKEN_MAX; slot += 1) {
      if (Atomics.load(this.words, cursor + TAKEN + slot * TAKEN_WORDS + 1) !== 0) return true
    }
    return false
  }

  private holdBackTaken(records: RecordStore, state: RingState, cursor: number): void {
    const group = this.groupOf(cursor)
    if (group < 0 || this.groups.isAbandoned(group)) return
    for (let slot = 0; slot < TAKEN_MAX; slot += 1) {
      const word = cursor + TAKEN + slot * TAKEN_WORDS
      const position = Atomics.load(this.words, word + 1) - 1
      if (position >= 0) this.holdBack(records, state, position, Atomics.load(this.words, word))
    }
  }

  /** What lies outside of the ring is damage, or was lost, and no reason to wait. */
  private holdBack(
    records: RecordStore,
    { head, tail }: RingState,
    position: number,
    sequence: number,
  ): void {
    if (!records.isPosition(position)) return
    const unread = records.distance(position, head)
    if (unread <= records.distance(this.slowest, head) || unread > records.distance(tail, head)) return
    this.slowest = position
    this.slowestSequence = sequence
  }

  /** Only anew where somebody has joined or left since. */
  private list(): void {
    const { words, segment, header, groups } = this
    const joins = Atomics.load(words, header + JOINS)
    if (joins === this.joins) return
    this.joins = joins
    this.listed = []
    for (let index = 0; index < this.count; index += 1) {
      const cursor = this.at(index)
      const row = rowOfStamp(Atomics.load(words, cursor))
      if (row < 0 || row >= segment.layout.membersMax) continue
      this.listed.push({ cursor, row, sleeping: rowWord(segment, row) + SLEEPING, waiting: cursor + WAITING })
    }
    this.listedGroups = Array.from({ length: groups.count }, (_, index) => index).filter((index) =>
      groups.isUsed(index),
    )
  }
}

/** How far a member is behind in a ring, without any lock. `consumer` is its stamp; 0: it does not consume. */
export function readLag(
  segment: Segment,
  place: RingPlace,
  row: number,
): { readonly consumer: number; readonly behindBytes: number } {
  const { words } = segment
  const { header, capacityBytes, consumersMax } = place
  const records = new RecordStore(segment, place)
  const groups = new Groups(segment, place)
  const state = emptyState()
  let [consumer, behindBytes] = [0, 0]
  for (let index = 0; index < cursorsOf(consumersMax); index += 1) {
    const cursor = cursorWord(header, index)
    const stamp = Atomics.load(words, cursor + STAMP)
    // An inbox has one, whatever the row of its owner.
    if (stamp === 0 || (consumersMax > 1 && rowOfStamp(stamp) !== row)) continue
    const group = Atomics.load(words, cursor + GROUP) - 1
    // Before the head, which only moves away from it.
    const position =
      group >= 0 && group < groups.count ? groups.positionOf(group) : Atomics.load(words, cursor + POSITION)
    readState(words, header, state)
    consumer = stamp
    behindBytes = Math.max(behindBytes, Math.min(capacityBytes, records.distance(position, state.head)))
  }
  return { consumer, behindBytes }
}
