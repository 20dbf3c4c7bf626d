import { RunaError } from '#protocol'
import type { Segment } from '../segment/segment.ts'
import { coarseMs, type StartFrom } from './consumer.ts'
import { type Cursors, TAKEN, TAKEN_MAX, TAKEN_WORDS } from './ring-cursors.ts'
import type { Groups } from './ring-groups.ts'
import type { RingPlace, RingSettings } from './ring-place.ts'
import { isNoted, lengthOf, type RecordNote, type RecordStore, recordBytes } from './ring-records.ts'
import { giveSpace } from './ring-space.ts'
import { emptyState, type RingState, readState } from './ring-state.ts'

export interface GroupOptions {
  /** Where a group begins that did not exist. */
  readonly from: StartFrom
  /** Records of other kinds are passed over. */
  readonly kind: number
  /** How many records this member may have at a time: 1 to 5. */
  readonly concurrency: number
}

/** A record that a member of a group has taken, in memory of its own. */
export interface Taken {
  readonly message: Uint8Array
  readonly note: RecordNote
  /** Somebody else had taken it before, and died: it may have been worked on. */
  readonly redelivered: boolean
  /** Until then, it goes to another member should this one die. */
  finish(): void
}

/** What a ring lends to the members of its groups. */
interface RingCore {
  readonly segment: Segment
  readonly place: RingPlace
  readonly settings: RingSettings
  readonly records: RecordStore
  readonly cursors: Cursors
  readonly groups: Groups
  locked<T>(work: (state: RingState) => T): T
}

interface Seat extends GroupOptions {
  readonly group: number
  readonly cursor: number
}

const NO_NOTE: RecordNote = { expiresAtMs: 0, kind: 0, call: 0, from: 0 }

/**
 * Takes records one by one, under the lock of the ring: first the slot of this member says what it takes, then the group
 * moves on. So of a member that dies, others find in its slots what it had and the group has passed; what the group has
 * not passed was never taken.
 */
export class GroupMember {
  /** Records that were written over before anybody took them, or before they were finished, as far as this one saw. */
  lost = 0
  expired = 0
  private readonly core: RingCore
  private readonly seat: Seat
  private readonly looked = emptyState()
  private taken = 0
  private mayBeDead = true
  private isLeaving = false

  constructor(core: RingCore, seat: Seat) {
    this.core = core
    this.seat = seat
  }

  get isBusy(): boolean {
    return this.taken >= this.seat.concurrency
  }

  /** The stamps of all members of the group, living or not. */
  stamps(): number[] {
    const { cursors } = this.core
    return cursors.ofGroup(this.seat.group).map((cursor) => cursors.stampOf(cursor))
  }

  /** Another member may have died: the next `take` looks for what it leaves. */
  suspectDeath(): void {
    this.mayBeDead = true
  }

  hasNext(): boolean {
    if (this.isBusy || this.isLeaving) return false
    if (this.mayBeDead) return true
    const { segment, place, groups } = this.core
    readState(segment.words, place.header, this.looked)
    return groups.sequenceOf(this.seat.group) !== this.looked.headSequence
  }

  /** The next record for this member; undefined where there is none, or it has as many as it may. */
  take(): Taken | undefined {
    if (this.isBusy || this.isLeaving) return undefined
    return this.core.locked((state) => {
      const inherited = this.mayBeDead ? this.inherit(state) : undefined
      if (inherited === undefined) this.mayBeDead = false
      return inherited ?? this.takeNext(state)
    })
  }

  /** What it has not finished goes on; with the last of it, its place is free. */
  leave(): void {
    this.isLeaving = true
    if (this.taken === 0) this.drop()
  }

  private drop(): void {
    this.core.cursors.drop(this.seat.cursor, this.core.settings.owner.stamp)
  }

  private takeNext(state: RingState): Taken | undefined {
    const { groups, records } = this.core
    const { group, kind } = this.seat
    let [position, sequence] = [groups.positionOf(group), groups.sequenceOf(group)]
    const behind = (state.tailSequence - sequence) | 0
    if (behind > 0) {
      this.lost += behind
      ;[position, sequence] = [state.tail, state.tailSequence]
    }
    let passed = behind > 0
    while (position !== state.head) {
      const first = records.headAt(position, sequence)
      if (first < 0) {
        this.lost += Math.max(1, (state.headSequence - sequence) | 0)
        groups.commit(group, state.head, state.headSequence)
        return undefined
      }
      const next = records.advance(position, recordBytes(lengthOf(first), isNoted(first)))
      const note = this.noteOf(position, first)
      if (note.kind === kind && !this.isOver(note)) {
        const slot = this.fillSlot(position, sequence)
        groups.commit(group, next, (sequence + 1) | 0)
        return this.hand(slot, position, first, note, false)
      }
      ;[position, sequence, passed] = [next, (sequence + 1) | 0, true]
    }
    if (passed) groups.commit(group, position, sequence)
    return undefined
  }

  /** Something that a dead member had taken and not finished. What is left of those who had nothing is cleared. */
  private inherit(state: RingState): Taken | undefined {
    const { cursors, segment, settings, groups } = this.core
    for (const cursor of cursors.ofGroup(this.seat.group)) {
      const stamp = cursors.stampOf(cursor)
      if (stamp === settings.owner.stamp || settings.owner.isAlive(stamp)) continue
      for (let slot = 0; slot < TAKEN_MAX; slot += 1) {
        const word = cursor + TAKEN + slot * TAKEN_WORDS
        const position = Atomics.load(segment.words, word + 1) - 1
        if (position < 0) continue
        const sequence = Atomics.load(segment.words, word)
        // Where the group has not moved on, it died before it had it.
        const wasTaken = ((sequence - groups.sequenceOf(this.seat.group)) | 0) < 0
        const taken = wasTaken ? this.takeAgain(state, position, sequence) : undefined
        Atomics.store(segment.words, word + 1, 0)
        if (taken) return taken
      }
      cursors.drop(cursor, stamp)
    }
    return undefined
  }

  private takeAgain(state: RingState, position: number, sequence: number): Taken | undefined {
    const { records } = this.core
    const isThere = ((state.tailSequence - sequence) | 0) <= 0
    const first = isThere && records.isPosition(position) ? records.headAt(position, sequence) : -1
    if (first < 0) {
      this.lost += 1
      return undefined
    }
    const note = this.noteOf(position, first)
    if (this.isOver(note)) return undefined
    return this.hand(this.fillSlot(position, sequence), position, first, note, true)
  }

  private noteOf(position: number, first: number): RecordNote {
    if (!isNoted(first)) return NO_NOTE
    const note = { ...NO_NOTE }
    this.core.records.noteAt(position, note)
    return note
  }

  private isOver({ expiresAtMs, kind }: RecordNote): boolean {
    if (expiresAtMs === 0 || ((coarseMs() - expiresAtMs) | 0) < 0) return false
    if (kind === this.seat.kind) this.expired += 1
    return true
  }

  /** Returns the word of the slot. The position is written last: with it, the slot counts. */
  private fillSlot(position: number, sequence: number): number {
    const { words } = this.core.segment
    for (let slot = 0; slot < TAKEN_MAX; slot += 1) {
      const word = this.seat.cursor + TAKEN + slot * TAKEN_WORDS
      if (Atomics.load(words, word + 1) !== 0) continue
      Atomics.store(words, word, sequence)
      Atomics.store(words, word + 1, position + 1)
      return word
    }
    throw new RunaError('BUS_CORRUPT', 'A group of consumers on the bus is damaged.')
  }

  private hand(slot: number, position: number, first: number, note: RecordNote, redelivered: boolean): Taken {
    const { records, settings } = this.core
    const message = new Uint8Array(lengthOf(first))
    records.readInto(position, message.length, isNoted(first), message)
    this.taken += 1
    settings.statistics?.received(1, message.length)
    settings.statistics?.arrived(records.stampAt(position))
    if (redelivered) settings.statistics?.count('redelivered', 1)
    let isFinished = false
    const finish = () => {
      if (isFinished) return
      isFinished = true
      this.giveBack(slot)
    }
    return { message, note, redelivered, finish }
  }

  private giveBack(slot: number): void {
    const { segment, place, settings } = this.core
    this.taken -= 1
    // Who has left the bus is dead to the others: what it had is theirs.
    if (segment.isClosed) return
    Atomics.store(segment.words, slot + 1, 0)
    if (this.isLeaving && this.taken === 0) this.drop()
    giveSpace(segment.words, place.header, settings.onSpace)
  }
}
