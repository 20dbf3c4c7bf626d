import { RunaError } from '#protocol'
import type { OwnerLocks } from '../seat/owner-lock.ts'
import { KEY_BYTES_MAX } from '../segment/geometry.ts'
import type { Segment } from '../segment/segment.ts'

// Words of a slot. The value stands there twice; the lowest bit of the version says which one holds. A writer fills the
// other and switches by one store, so that one which dies leaves the old value.
const STATE = 0
const HASH = 1
const KEY_LENGTH = 2
const GENERATION = 3
const LOCK = 4
const VERSION = 5
/** The version that is being written: a reader whose copy may have been written over sees it here. */
const WRITING = 6
const LENGTHS = 7
const KIND = 9
const INTEGER_BYTE = 40
const KEY_BYTE = 64

const EMPTY = 0
const USED = 1
/** Being given to another key: no match for any, and no end of a search. */
const CHANGING = 2

const NO_VALUE = -1
/** Far more than writers can interrupt: each has to write twice during one copy. */
const READ_ATTEMPTS_MAX = 1_000_000
const INTEGER = 1

/** The slot of a key, as long as it has not been given to another one. */
export interface Handle {
  /** Of the slot, in words. */
  readonly slot: number
  readonly generation: number
}

/** What a slot holds: a value of bytes, a whole number, or nothing any more. */
export type Kind = 'bytes' | 'integer' | 'nothing'

/** The table under the store: open addressing, one key a slot. What the methods say holds for live handles only. */
export class Slots {
  private readonly words: Int32Array
  private readonly bytes: Buffer
  private readonly segment: Segment
  private readonly locks: OwnerLocks

  constructor(segment: Segment, locks: OwnerLocks) {
    this.segment = segment
    this.words = segment.words
    this.bytes = segment.bytes
    this.locks = locks
  }

  isLive({ slot, generation }: Handle): boolean {
    return (
      Atomics.load(this.words, slot + STATE) === USED &&
      Atomics.load(this.words, slot + GENERATION) === generation
    )
  }

  find(key: Buffer): Handle | undefined {
    const hash = hashOf(key)
    const { slotsMax } = this.segment.layout
    for (let probe = 0; probe < slotsMax; probe += 1) {
      const slot = this.slotAt((hash + probe) % slotsMax)
      const generation = Atomics.load(this.words, slot + GENERATION)
      if (Atomics.load(this.words, slot + STATE) === EMPTY) return undefined
      const handle = { slot, generation }
      if (this.words[slot + HASH] === (hash | 0) && this.hasKey(slot, key) && this.isLive(handle))
        return handle
    }
    return undefined
  }

  /**
   * Gives a free slot to a key that has none. Undefined when there is none free. Only for the holder of the lock on
   * insertion; a slot that is still changing was left so by one who died.
   */
  insert(key: Buffer): Handle | undefined {
    const hash = hashOf(key)
    const { slotsMax } = this.segment.layout
    for (let probe = 0; probe < slotsMax; probe += 1) {
      const slot = this.slotAt((hash + probe) % slotsMax)
      this.locks.acquire(slot + LOCK)
      try {
        if (this.isFree(slot)) return this.give(slot, key, hash)
      } finally {
        this.locks.release(slot + LOCK)
      }
    }
    return undefined
  }

  /** Runs `change` alone. Undefined when the slot has gone to another key. */
  withLock<Result>(
    handle: Handle,
    change: (slot: number) => Result,
  ): { readonly result: Result } | undefined {
    this.locks.acquire(handle.slot + LOCK)
    try {
      return this.isLive(handle) ? { result: change(handle.slot) } : undefined
    } finally {
      this.locks.release(handle.slot + LOCK)
    }
  }

  kind(slot: number): Kind {
    if (this.words[slot + KIND] === INTEGER) return 'integer'
    const version = Atomics.load(this.words, slot + VERSION)
    return this.words[slot + LENGTHS + (version & 1)] === NO_VALUE ? 'nothing' : 'bytes'
  }

  /** Only under the slot's lock. Without a value, the slot is free for other keys. */
  write(slot: number, value: Uint8Array | undefined): void {
    const { words } = this
    const version = (Atomics.load(words, slot + VERSION) + 1) | 0
    const side = version & 1
    Atomics.store(words, slot + WRITING, version)
    words[slot + LENGTHS + side] = value?.length ?? NO_VALUE
    if (value) this.bytes.set(value, this.valueAt(slot, side))
    Atomics.store(words, slot + VERSION, version)
  }

  /**
   * Copies as much of the value as fits to the beginning of what `take` gives for its length, and returns that length:
   * −1 where there is no value. Waits for nobody: what changed during the copy is copied again.
   * Throws BUS_CORRUPT for a slot that never comes to rest, which no writer leaves behind.
   */
  read(slot: number, take: (length: number) => Uint8Array): number {
    const { words } = this
    for (let attempt = 0; attempt < READ_ATTEMPTS_MAX; attempt += 1) {
      const version = Atomics.load(words, slot + VERSION)
      const side = version & 1
      const length = Math.min(words[slot + LENGTHS + side] ?? NO_VALUE, this.segment.layout.valueBytesMax)
      if (this.wasOverwritten(slot, version)) continue
      if (length < 0) return NO_VALUE
      const start = this.valueAt(slot, side)
      this.bytes.copy(take(length), 0, start, start + length)
      if (!this.wasOverwritten(slot, version)) return length
    }
    throw new RunaError('BUS_CORRUPT', 'A value of the store cannot be read: its slot is damaged.')
  }

  integer(slot: number): number {
    return Number(Atomics.load(this.segment.integers, (slot * 4 + INTEGER_BYTE) >> 3))
  }

  /** Only under the slot's lock. */
  writeInteger(slot: number, value: number): void {
    Atomics.store(this.segment.integers, (slot * 4 + INTEGER_BYTE) >> 3, BigInt(value))
    Atomics.store(this.words, slot + KIND, INTEGER)
  }

  /** Only under the slot's lock. */
  clear(slot: number): void {
    this.write(slot, undefined)
    Atomics.store(this.words, slot + KIND, 0)
  }

  /** The keys that have a value, in no order. */
  keys(): string[] {
    const slots = Array.from({ length: this.segment.layout.slotsMax }, (_, index) => this.slotAt(index))
    const used = slots.filter(
      (slot) => Atomics.load(this.words, slot + STATE) === USED && this.kind(slot) !== 'nothing',
    )
    return used.map((slot) => this.bytes.toString('utf8', slot * 4 + KEY_BYTE, this.keyEnd(slot)))
  }

  /** The side of a version is written again only for the second version after it. */
  private wasOverwritten(slot: number, version: number): boolean {
    return ((Atomics.load(this.words, slot + WRITING) - version) | 0) > 1
  }

  private slotAt(index: number): number {
    return (this.segment.layout.slots + index * this.segment.layout.slotBytes) >> 2
  }

  private valueAt(slot: number, side: number): number {
    const { valuesInSlot, slotBytes } = this.segment.layout
    return slot * 4 + valuesInSlot + side * ((slotBytes - valuesInSlot) >> 1)
  }

  private keyEnd(slot: number): number {
    const length = Math.max(0, Math.min(this.words[slot + KEY_LENGTH] ?? 0, KEY_BYTES_MAX))
    return slot * 4 + KEY_BYTE + length
  }

  private hasKey(slot: number, key: Buffer): boolean {
    return this.bytes.compare(key, 0, key.length, slot * 4 + KEY_BYTE, this.keyEnd(slot)) === 0
  }

  private isFree(slot: number): boolean {
    return Atomics.load(this.words, slot + STATE) !== USED || this.kind(slot) === 'nothing'
  }

  private give(slot: number, key: Buffer, hash: number): Handle {
    const { words } = this
    const generation = (Atomics.load(words, slot + GENERATION) + 1) | 0
    Atomics.store(words, slot + STATE, CHANGING)
    Atomics.store(words, slot + GENERATION, generation)
    words[slot + HASH] = hash | 0
    words[slot + KEY_LENGTH] = key.length
    this.bytes.set(key, slot * 4 + KEY_BYTE)
    this.clear(slot)
    Atomics.store(words, slot + STATE, USED)
    return { slot, generation }
  }
}

/** FNV-1a, 32 bits (Fowler, Noll, Vo), with its high bits folded in. */
function hashOf(key: Uint8Array): number {
  let hash = 0x811c_9dc5
  for (let index = 0; index < key.length; index += 1) {
    hash = Math.imul(hash ^ (key[index] ?? 0), 0x0100_0193)
  }
  return (hash ^ (hash >>> 15)) >>> 0
}
