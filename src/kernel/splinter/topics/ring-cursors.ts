import { futexWake } from '#kernel/sys'
import { rowWord, SLEEPING } from '../seat/members.ts'
import { rowOfStamp } from '../seat/stamp.ts'
import { CURSOR_BYTES, CURSORS_BYTE, cursorsOf } from '../segment/geometry.ts'
import type { Segment } from '../segment/segment.ts'
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

function cursorWord(header: number, index: number): number {
  return header + ((CURSORS_BYTE + index * CURSOR_BYTES) >> 2)
}

/** A consumer, and the words that say whether its event loop or its thread sleeps. */
interface Listed {
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
  private joins: number
  private listed: Listed[] = []

  constructor(segment: Segment, { header, consumersMax }: RingPlace, settings: RingSettings) {
    this.segment = segment
    this.words = segment.words
    this.header = header
    this.count = cursorsOf(consumersMax)
    this.settings = settings
    this.joins = Atomics.load(this.words, header + JOINS) - 1
  }

  /** The first that nobody living has, or -1. Only for the holder of the ring's lock. */
  findFree(): number {
    for (let index = 0; index < this.count; index += 1) {
      const stamp = Atomics.load(this.words, cursorWord(this.header, index))
      if (stamp === 0 || !this.settings.owner.isAlive(stamp)) return index
    }
    return -1
  }

  /** Only for the holder of the ring's lock. */
  take(index: number, position: number, sequence: number): number {
    const { words, header, settings } = this
    const cursor = cursorWord(header, index)
    Atomics.store(words, cursor + STAMP, 0)
    Atomics.store(words, cursor + POSITION, position)
    Atomics.store(words, cursor + SEQUENCE, sequence)
    Atomics.store(words, cursor + WAITING, 0)
    Atomics.store(words, cursor + STAMP, settings.owner.stamp)
    Atomics.add(words, header + JOINS, 1)
    return cursor
  }

  /**
   * Wakes whoever sleeps until something comes. After the commit: whoever goes to sleep raises its flag and then looks
   * again, so either it sees the record or this sees the flag.
   */
  wake(wakeRow: (row: number) => void): void {
    const { words } = this
    if (Atomics.load(words, this.header + JOINS) !== this.joins) this.list()
    for (const { row, sleeping, waiting } of this.listed) {
      if (Atomics.load(words, sleeping) !== 0) wakeRow(row)
      if (Atomics.load(words, waiting) !== 0) futexWake(words, waiting)
    }
  }

  /** Where the slowest consumer reads, whether or not it lives. Only for the holder of the ring's lock. */
  findSlowest(records: RecordStore, { head, headSequence, tail }: RingState): void {
    const { words } = this
    const used = records.distance(tail, head)
    let most = 0
    this.slowest = head
    this.slowestSequence = headSequence
    for (let index = 0; index < this.count; index += 1) {
      const cursor = cursorWord(this.header, index)
      if (Atomics.load(words, cursor) === 0) continue
      const position = Atomics.load(words, cursor + POSITION)
      const unread = records.isPosition(position) ? records.distance(position, head) : 0
      // What lies outside of the ring is damage, and no reason to wait.
      if (unread <= most || unread > used) continue
      most = unread
      this.slowest = position
      this.slowestSequence = Atomics.load(words, cursor + SEQUENCE)
    }
  }

  /** What a dead consumer has not read is no reason to wait. Whether there was any. */
  dropDead(): boolean {
    let dropped = false
    for (let index = 0; index < this.count; index += 1) {
      const cursor = cursorWord(this.header, index)
      const stamp = Atomics.load(this.words, cursor)
      if (stamp === 0 || this.settings.owner.isAlive(stamp)) continue
      this.drop(cursor, stamp)
      dropped = true
    }
    return dropped
  }

  drop(cursor: number, stamp: number): void {
    Atomics.compareExchange(this.words, cursor + STAMP, stamp, 0)
    Atomics.add(this.words, this.header + JOINS, 1)
  }

  private list(): void {
    const { words, segment, header } = this
    this.joins = Atomics.load(words, header + JOINS)
    this.listed = []
    for (let index = 0; index < this.count; index += 1) {
      const cursor = cursorWord(header, index)
      const row = rowOfStamp(Atomics.load(words, cursor))
      if (row < 0 || row >= segment.layout.membersMax) continue
      this.listed.push({ row, sleeping: rowWord(segment, row) + SLEEPING, waiting: cursor + WAITING })
    }
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
  const state = emptyState()
  let [consumer, behindBytes] = [0, 0]
  for (let index = 0; index < cursorsOf(consumersMax); index += 1) {
    const cursor = cursorWord(header, index)
    const stamp = Atomics.load(words, cursor + STAMP)
    // An inbox has one, whatever the row of its owner.
    if (stamp === 0 || (consumersMax > 1 && rowOfStamp(stamp) !== row)) continue
    // Before the head, which only moves away from it.
    const position = Atomics.load(words, cursor + POSITION)
    readState(words, header, state)
    consumer = stamp
    behindBytes = Math.max(behindBytes, Math.min(capacityBytes, records.distance(position, state.head)))
  }
  return { consumer, behindBytes }
}
