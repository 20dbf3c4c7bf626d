import { RunaError } from '#protocol'
import type { Segment } from '../segment/segment.ts'
import { type Consumer, createConsumer } from './ring-consumer.ts'
import type { RingPlace, RingSettings } from './ring-place.ts'
import { createRecordStore, RECORD_HEADER_BYTES, recordBytes } from './ring-records.ts'
import {
  CURSOR_WORDS,
  CURSORS,
  commitState,
  emptyState,
  LOCK,
  readState,
  SPACE_WANTED,
} from './ring-state.ts'

/** Bytes between processes, in order: any number may write, and each consumer has a cursor of its own. */
export class Ring {
  private readonly words: Int32Array
  private readonly records: ReturnType<typeof createRecordStore>
  private readonly state = emptyState()
  private readonly segment: Segment
  private readonly place: RingPlace
  private readonly settings: RingSettings

  constructor(segment: Segment, place: RingPlace, settings: RingSettings) {
    this.segment = segment
    this.words = segment.words
    this.place = place
    this.settings = settings
    this.records = createRecordStore(segment, place)
  }

  /** False when a lossless ring has no room. Throws BAD_INPUT for a record that can never fit. */
  write(record: Uint8Array): boolean {
    const { words, state, records, settings } = this
    const { header, capacityBytes, lossless } = this.place
    const neededBytes = recordBytes(record.length)
    if (neededBytes > capacityBytes) {
      const most = capacityBytes - RECORD_HEADER_BYTES
      throw new RunaError('BAD_INPUT', `A message of ${record.length} bytes is too long: ${most} fit.`)
    }
    settings.locks.acquire(header + LOCK)
    try {
      readState(words, header, state)
      if (!records.isPosition(state.head)) throw new RunaError('BUS_CORRUPT', 'A ring of the bus is damaged.')
      if (lossless) {
        if (!this.hasRoom(neededBytes)) return false
      } else if (capacityBytes - records.distance(state.tail, state.head) < neededBytes) {
        this.forgetOldest(neededBytes)
      }
      records.write(state.head, state.headSequence, record)
      state.head = records.advance(state.head, neededBytes)
      state.headSequence = (state.headSequence + 1) | 0
      commitState(words, header, state)
      return true
    } finally {
      settings.locks.release(header + LOCK)
    }
  }

  /** Starts at what is written next. One consumer for each index, which belongs to the caller. */
  join(index: number): Consumer {
    const { words, state, settings } = this
    const { header } = this.place
    const cursor = this.cursorOf(index)
    settings.locks.acquire(header + LOCK)
    try {
      readState(words, header, state)
      Atomics.store(words, cursor, 0)
      Atomics.store(words, cursor + 1, state.head)
      Atomics.store(words, cursor, settings.owner.stamp)
      return createConsumer(this.segment, this.place, settings, cursor, state)
    } finally {
      settings.locks.release(header + LOCK)
    }
  }

  /** Calls `visit` with the stamp of each consumer, living or not. */
  forEachConsumer(visit: (stamp: number) => void): void {
    for (let index = 0; index < this.place.consumersMax; index += 1) {
      const stamp = Atomics.load(this.words, this.cursorOf(index))
      if (stamp !== 0) visit(stamp)
    }
  }

  /** Asks to be told of room; a try after it decides whether there is still none. */
  askForSpace(): void {
    Atomics.store(this.words, this.place.header + SPACE_WANTED, 1)
  }

  /** Whether nobody has made room since the asking. */
  isSpaceWanted(): boolean {
    return Atomics.load(this.words, this.place.header + SPACE_WANTED) !== 0
  }

  private cursorOf(index: number): number {
    return this.place.header + CURSORS + index * CURSOR_WORDS
  }

  /** Drops the oldest records, and says so before their bytes are written over. */
  private forgetOldest(neededBytes: number): void {
    const { state, records, place } = this
    while (place.capacityBytes - records.distance(state.tail, state.head) < neededBytes) {
      const length = records.lengthAt(state.tail, state.tailSequence)
      if (length === undefined) {
        // Damaged memory: what is there cannot be walked, so all of it goes.
        state.tail = state.head
        state.tailSequence = state.headSequence
      } else {
        state.tail = records.advance(state.tail, recordBytes(length))
        state.tailSequence = (state.tailSequence + 1) | 0
      }
    }
    commitState(this.words, place.header, state)
  }

  private hasRoom(neededBytes: number): boolean {
    const { capacityBytes } = this.place
    if (capacityBytes - this.unreadBytes() >= neededBytes) return true
    this.dropDeadConsumers()
    return capacityBytes - this.unreadBytes() >= neededBytes
  }

  private unreadBytes(): number {
    const { words, state, records, place } = this
    let unread = 0
    for (let index = 0; index < place.consumersMax; index += 1) {
      const cursor = this.cursorOf(index)
      if (Atomics.load(words, cursor) === 0) continue
      unread = Math.max(unread, records.distance(Atomics.load(words, cursor + 1), state.head))
    }
    return unread
  }

  /** What a dead consumer has not read is no reason to wait. */
  private dropDeadConsumers(): void {
    for (let index = 0; index < this.place.consumersMax; index += 1) {
      const cursor = this.cursorOf(index)
      const stamp = Atomics.load(this.words, cursor)
      if (stamp === 0 || this.settings.owner.isAlive(stamp)) continue
      Atomics.compareExchange(this.words, cursor, stamp, 0)
    }
  }
}
