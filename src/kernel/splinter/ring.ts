import { RunaError } from '#protocol'
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
import type { Segment } from './segment.ts'

/** Bytes between processes, in order: any number may write, and each consumer has a cursor of its own. */
export interface Ring {
  /** False when a lossless ring has no room. Throws BAD_INPUT for a record that can never fit. */
  write(record: Uint8Array): boolean
  /** Starts at what is written next. One consumer for each index, which belongs to the caller. */
  join(index: number): Consumer
  /** The stamps of all consumers, living or not. */
  consumers(): number[]
  /** Asks to be told of room; a try after it decides whether there is still none. */
  askForSpace(): void
  /** Whether nobody has made room since the asking. */
  isSpaceWanted(): boolean
}

export function createRing(segment: Segment, place: RingPlace, settings: RingSettings): Ring {
  const { words } = segment
  const { header, capacityBytes, consumersMax, lossless } = place
  const { locks, owner } = settings
  const store = createRecordStore(segment, place)
  const state = emptyState()

  /** Drops the oldest records, and says so before their bytes are written over. */
  function makeRoomByForgetting(neededBytes: number): void {
    while (capacityBytes - store.distance(state.tail, state.head) < neededBytes) {
      const length = store.lengthAt(state.tail, state.tailSequence)
      if (length === undefined) {
        state.tail = state.head
        state.tailSequence = state.headSequence
      } else {
        state.tail = store.advance(state.tail, recordBytes(length))
        state.tailSequence = (state.tailSequence + 1) | 0
      }
    }
    commitState(words, header, state)
  }

  function unreadBytes(): number {
    let unread = 0
    for (let index = 0; index < consumersMax; index += 1) {
      const cursor = header + CURSORS + index * CURSOR_WORDS
      if (Atomics.load(words, cursor) === 0) continue
      unread = Math.max(unread, store.distance(Atomics.load(words, cursor + 1), state.head))
    }
    return unread
  }

  /** What a dead consumer has not read is no reason to wait. */
  function dropDeadConsumers(): void {
    for (let index = 0; index < consumersMax; index += 1) {
      const cursor = header + CURSORS + index * CURSOR_WORDS
      const stamp = Atomics.load(words, cursor)
      if (stamp !== 0 && !owner.isAlive(stamp)) Atomics.compareExchange(words, cursor, stamp, 0)
    }
  }

  function hasRoom(neededBytes: number): boolean {
    if (capacityBytes - unreadBytes() >= neededBytes) return true
    dropDeadConsumers()
    return capacityBytes - unreadBytes() >= neededBytes
  }

  function write(record: Uint8Array): boolean {
    const neededBytes = recordBytes(record.length)
    if (neededBytes > capacityBytes) {
      const most = capacityBytes - RECORD_HEADER_BYTES
      throw new RunaError('BAD_INPUT', `A message of ${record.length} bytes is too long: ${most} fit.`)
    }
    locks.acquire(header + LOCK)
    try {
      readState(words, header, state)
      if (lossless && !hasRoom(neededBytes)) return false
      if (!lossless && capacityBytes - store.distance(state.tail, state.head) < neededBytes) {
        makeRoomByForgetting(neededBytes)
      }
      store.write(state.head, state.headSequence, record)
      state.head = store.advance(state.head, neededBytes)
      state.headSequence = (state.headSequence + 1) | 0
      commitState(words, header, state)
      return true
    } finally {
      locks.release(header + LOCK)
    }
  }

  return {
    write,
    join(index) {
      const cursor = header + CURSORS + index * CURSOR_WORDS
      locks.acquire(header + LOCK)
      try {
        readState(words, header, state)
        Atomics.store(words, cursor, 0)
        Atomics.store(words, cursor + 1, state.head)
        Atomics.store(words, cursor, owner.stamp)
        return createConsumer(segment, place, settings, cursor, state)
      } finally {
        locks.release(header + LOCK)
      }
    },
    consumers() {
      const stamps: number[] = []
      for (let index = 0; index < consumersMax; index += 1) {
        const stamp = Atomics.load(words, header + CURSORS + index * CURSOR_WORDS)
        if (stamp !== 0) stamps.push(stamp)
      }
      return stamps
    },
    askForSpace: () => void Atomics.store(words, header + SPACE_WANTED, 1),
    isSpaceWanted: () => Atomics.load(words, header + SPACE_WANTED) !== 0,
  }
}
