import { RunaError } from '#protocol'
import { areBytes, noBytes } from '../segment/bytes.ts'
import { fence } from '../segment/fence.ts'
import type { Segment } from '../segment/segment.ts'
import { stampMicros } from '../statistics/clock.ts'
import type { Consumer, StartFrom } from './consumer.ts'
import { createConsumer } from './ring-consumer.ts'
import { Cursors, TAKEN_MAX } from './ring-cursors.ts'
import { GroupMember, type GroupOptions } from './ring-group-member.ts'
import { Groups } from './ring-groups.ts'
import type { RingPlace, RingSettings } from './ring-place.ts'
import { isNoted, lengthOf, MESSAGE, type RecordNote, RecordStore, recordBytes } from './ring-records.ts'
import { askForSpace, askForSpaceSync, isSpaceWanted, waitForSpaceSync } from './ring-space.ts'
import {
  commitState,
  emptyState,
  FORGOTTEN,
  LOCK,
  type RingState,
  readState,
  readVersion,
} from './ring-state.ts'

/** Every so many records bear the time they were sent at: powers of two. An envelope costs far more than a stamp. */
const STAMPED_EVERY = { topic: 64, inbox: 4 } as const
/** The part of a ring that is freed at a time. */
const FREED_PART = 16

interface JoinOptions {
  /** That very cursor, whoever had it; else the first that is free. */
  readonly index?: number
  readonly from?: StartFrom
  /** The kinds of records that it is handed, a bit each. Default: messages. */
  readonly kinds?: number
}

/** Bytes between processes, in order: any number may write, and each consumer has a cursor of its own. */
export class Ring {
  private readonly words: Int32Array
  private readonly records: RecordStore
  private readonly cursors: Cursors
  private readonly groups: Groups
  /** As it was at the last look; it holds as long as the version is the same. */
  private readonly state = emptyState()
  private isKnown = false
  private readonly stampMask: number
  private readonly segment: Segment
  private readonly place: RingPlace
  private readonly settings: RingSettings

  constructor(segment: Segment, place: RingPlace, settings: RingSettings) {
    this.segment = segment
    this.words = segment.words
    this.place = place
    this.settings = settings
    this.records = new RecordStore(segment, place)
    this.stampMask = STAMPED_EVERY[place.consumersMax === 1 ? 'inbox' : 'topic'] - 1
    this.cursors = new Cursors(segment, place, settings)
    this.groups = new Groups(segment, place)
  }

  /** False when a lossless ring has no room. Throws BAD_INPUT for a record that can never fit. */
  write(record: Uint8Array, note?: RecordNote): boolean {
    const neededBytes = this.needed(record, note)
    this.begin()
    try {
      if (!this.put(record, neededBytes, note)) return false
      commitState(this.words, this.place.header, this.state)
      return true
    } finally {
      this.end()
    }
  }

  /** Writes the first of them that have room, all visible at once, and returns how many. */
  writeMany(records: readonly Uint8Array[], note?: RecordNote): number {
    for (const record of records) this.needed(record, note)
    this.begin()
    try {
      let written = 0
      for (const record of records) {
        if (!this.put(record, recordBytes(record.length, note !== undefined), note)) break
        written += 1
      }
      if (written > 0) commitState(this.words, this.place.header, this.state)
      return written
    } finally {
      this.end()
    }
  }

  /** A cursor of one's own. Throws BUS_FULL where every one is taken by a living member. */
  join({ index: chosen, from = 'now', kinds = 1 << MESSAGE }: JoinOptions = {}): Consumer {
    return this.locked(({ head, headSequence, tail, tailSequence }) => {
      const index = chosen ?? this.cursors.findFree()
      if (index < 0) throw tooMany()
      const [position, sequence] = from === 'now' ? [head, headSequence] : [tail, tailSequence]
      const cursor = this.cursors.take(index, position, sequence)
      const leave = () => this.cursors.drop(cursor, this.settings.owner.stamp)
      return createConsumer(this.segment, this.place, this.settings, {
        cursor,
        position,
        sequence,
        kinds,
        leave,
      })
    })
  }

  /** A seat in the group of that name, which is made where there is none, and then starts there. */
  joinGroup(name: string, options: GroupOptions): GroupMember {
    const { concurrency } = options
    if (!Number.isInteger(concurrency) || concurrency < 1 || concurrency > TAKEN_MAX) {
      throw new RunaError('BAD_INPUT', `A member of a group has 1 to ${TAKEN_MAX} messages at a time.`)
    }
    return this.locked((state) => {
      const { cursors, groups, segment, place, records, settings } = this
      const index = cursors.findFree()
      if (index < 0) throw tooMany()
      const { head, headSequence, tail, tailSequence } = state
      const [position, sequence] = options.from === 'now' ? [head, headSequence] : [tail, tailSequence]
      const known = groups.find(name)
      const group = known < 0 ? groups.create(name, position, sequence, cursors.dropGroup) : known
      groups.setAbandoned(group, false)
      const cursor = cursors.take(index, position, sequence, group)
      const locked = <T>(work: (state: RingState) => T) => this.locked(work)
      const core = { segment, place, settings, records, cursors, groups, locked }
      return new GroupMember(core, { ...options, group, cursor })
    })
  }

  /** The stamps of a group's members, living or not. */
  stampsOf(name: string): number[] {
    const group = this.groups.find(name)
    return group < 0 ? [] : this.cursors.ofGroup(group).map((cursor) => this.cursors.stampOf(cursor))
  }

  /** Grows whenever a consumer joins or leaves. */
  get joins(): number {
    return this.cursors.joinsSince()
  }

  /** Wakes the consumers that sleep. After a write: not part of it, since several may be written at a time. */
  wakeConsumers(wakeRow: (row: number) => void): void {
    this.cursors.wake(wakeRow)
  }

  /** Asks to be told of room; a try after it decides whether there is still none. */
  askForSpace(): void {
    askForSpace(this.words, this.place.header)
  }

  /** Whether nobody has made room since the asking. */
  isSpaceWanted(): boolean {
    return isSpaceWanted(this.words, this.place.header)
  }

  /** As `askForSpace`, for a thread that may sleep then. Returns what `waitForSpaceSync` is to be given. */
  askForSpaceSync(): number {
    return askForSpaceSync(this.words, this.place.header)
  }

  /** Blocks this thread until somebody has made room since the asking, or for at most so long. */
  waitForSpaceSync(asked: number, timeoutMs: number): void {
    waitForSpaceSync(this.words, this.place.header, asked, timeoutMs)
  }

  private needed(record: Uint8Array, note: RecordNote | undefined): number {
    if (!areBytes(record)) throw noBytes()
    const neededBytes = recordBytes(record.length, note !== undefined)
    const { capacityBytes } = this.place
    if (neededBytes <= capacityBytes) return neededBytes
    const most = capacityBytes - recordBytes(0, note !== undefined)
    throw new RunaError('BAD_INPUT', `A message of ${record.length} bytes is too long: ${most} fit.`)
  }

  private locked<T>(work: (state: RingState) => T): T {
    this.begin()
    try {
      return work(this.state)
    } finally {
      this.end()
    }
  }

  private begin(): void {
    const { header } = this.place
    this.settings.locks.acquire(header + LOCK)
    if (this.isKnown && readVersion(this.words, header) === this.state.version) return
    try {
      this.look()
    } catch (error) {
      this.end()
      throw error
    }
  }

  private end(): void {
    this.settings.locks.release(this.place.header + LOCK)
  }

  /** What others have written since. Only for the holder of the lock. */
  private look(): void {
    const { words, state, records, place } = this
    this.isKnown = false
    readState(words, place.header, state)
    if (!records.isPosition(state.head)) throw new RunaError('BUS_CORRUPT', 'A ring of the bus is damaged.')
    const sound =
      records.isPosition(state.tail) && records.distance(state.tail, state.head) <= place.capacityBytes
    if (!sound) {
      state.tail = state.head
      state.tailSequence = state.headSequence
    }
    this.announceTail()
    this.isKnown = true
  }

  /** Writes one record where readers do not look yet. */
  private put(record: Uint8Array, neededBytes: number, note: RecordNote | undefined): boolean {
    const { state, records } = this
    const { capacityBytes } = this.place
    const free = capacityBytes - records.distance(state.tail, state.head)
    if (free < neededBytes && !this.makeRoom(neededBytes)) return false
    const { head, headSequence } = state
    const stamp = (headSequence & this.stampMask) === 0 ? stampMicros() : 0
    records.write(head, headSequence, stamp, record, note)
    state.head = records.advance(head, neededBytes)
    state.headSequence = (headSequence + 1) | 0
    return true
  }

  /** Forgets the oldest records, and says so before their bytes are written over. */
  private makeRoom(neededBytes: number): boolean {
    const { state, cursors, records } = this
    const { capacityBytes, lossless, header } = this.place
    const wanted = Math.max(neededBytes, Math.floor(capacityBytes / FREED_PART))
    const hasRoom = () => capacityBytes - records.distance(state.tail, state.head) >= neededBytes
    if (!lossless) this.forget(wanted, state.head, state.headSequence)
    else {
      this.forgetRead(wanted)
      if (!hasRoom() && cursors.dropDead()) this.forgetRead(wanted)
    }
    commitState(this.words, header, state)
    this.announceTail()
    return hasRoom()
  }

  private forgetRead(wantedBytes: number): void {
    this.cursors.findSlowest(this.records, this.state)
    this.forget(wantedBytes, this.cursors.slowest, this.cursors.slowestSequence)
  }

  /** Until there is so much room, but nothing from `end` on. */
  private forget(wantedBytes: number, end: number, endSequence: number): void {
    const { state, records } = this
    const { capacityBytes } = this.place
    const kept = records.distance(end, state.head)
    while (state.tail !== end && capacityBytes - records.distance(state.tail, state.head) < wantedBytes) {
      const first = records.headAt(state.tail, state.tailSequence)
      const next = records.advance(state.tail, recordBytes(lengthOf(first), isNoted(first)))
      const left = first < 0 ? -1 : records.distance(next, state.head)
      if (left < kept || left > records.distance(state.tail, state.head)) {
        // Damaged memory: what is there cannot be walked, so all of it goes.
        state.tail = end
        state.tailSequence = endSequence
      } else {
        state.tail = next
        state.tailSequence = (state.tailSequence + 1) | 0
      }
    }
  }

  /** For consumers of a lossy ring and for observers, which look at it after they have copied. */
  private announceTail(): void {
    const word = this.place.header + FORGOTTEN
    if (Atomics.load(this.words, word) === this.state.tailSequence) return
    Atomics.store(this.words, word, this.state.tailSequence)
    // Before any byte of what is forgotten is written over.
    fence()
  }
}

function tooMany(): RunaError {
  return new RunaError('BUS_FULL', 'This topic has as many consumers as it has room for.')
}
