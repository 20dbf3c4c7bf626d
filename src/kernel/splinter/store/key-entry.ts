import { RunaError } from '#protocol'
import { fence } from '../segment/fence.ts'
import { BLOCK_BYTES_MIN } from '../segment/geometry.ts'
import { loadSwitch } from '../segment/load-switch.ts'
import { type KeyHead, readHead } from './key-head.ts'
import { hashOf } from './key-index.ts'
import type { StoreParts } from './parts.ts'
import { refuseInteger, refuseUnfit, tooLong } from './refusals.ts'
import type { Entry } from './slot-reader.ts'
import { NO_ROOM } from './slots.ts'
import {
  CHECKS,
  GENERATION,
  HAS_LIFETIME,
  HASH,
  INTEGER,
  INTEGER_TYPE,
  KEY,
  KEY_LENGTH,
  LENGTHS,
  LOCK,
  NO_VALUE,
  PLACES,
  SCRUB,
  TYPE,
  TYPE_MASK,
  VERSION,
  WATCHERS,
  WRITES,
  WRITING,
} from './store-words.ts'
import { checkOf, checkSeed } from './value-check.ts'
import { SLACK } from './values.ts'

/** Far more than writers can interrupt: each has to write twice during one copy. */
const READ_ATTEMPTS_MAX = 1_000_000
/** What no writer leaves behind may still be seen for a moment, where memory is weakly ordered. */
const DAMAGE_SEEN_MAX = 1_000
const INTEGER_BYTES = 8
const NONE = new Uint8Array(0)

/** One key, found once. What its methods say, those of the store say too. */
export interface KeyHandle {
  readonly key: string
  get(): Uint8Array | undefined
  getInto(into: Uint8Array): number
  set(value: Uint8Array): void
  append(addition: Uint8Array): number
  delete(): boolean
  head(): KeyHead | undefined
}

/** What this process knows of one side of a slot: as long as the place is the same, it need not be checked again. */
class Side {
  place = 0
  start = 0
  capacity = 0
  /** Of what was read last. A view is made for what is read twice: making one costs more than most copies. */
  length = 0
  view: Uint8Array = NONE
  viewLength = 0
}

/** One key, found once: reads and writes of its value by the shortest way. */
export class KeyEntry implements Entry, KeyHandle {
  readonly key: string
  readonly keyBytes: Buffer
  readonly hash: number
  slot = 0
  generation = 0
  private readonly words: Int32Array
  private readonly bytes: Buffer
  private readonly parts: StoreParts
  private readonly scrubWord: number
  private readonly valueBytesMax: number
  private readonly seed: number | undefined
  private readonly sideA = new Side()
  private readonly sideB = new Side()
  private taken: Buffer | undefined

  constructor(parts: StoreParts, key: string, keyBytes: Buffer) {
    this.parts = parts
    this.key = key
    this.keyBytes = keyBytes
    this.hash = hashOf(keyBytes)
    this.valueBytesMax = parts.segment.layout.valueBytesMax
    this.seed = parts.segment.persistent ? checkSeed(keyBytes) : undefined
    this.words = parts.segment.words
    this.bytes = parts.segment.bytes
    this.scrubWord = parts.segment.layout.storeHead / 4 + SCRUB
  }

  isIn(slot: number): boolean {
    const { words, keyBytes } = this
    const generation = Atomics.load(words, slot + GENERATION)
    if (
      generation === 0 ||
      words[slot + HASH] !== this.hash ||
      words[slot + KEY_LENGTH] !== keyBytes.length
    ) {
      return false
    }
    const start = (slot + KEY) * 4
    if (this.bytes.compare(keyBytes, 0, keyBytes.length, start, start + keyBytes.length) !== 0) return false
    fence()
    if (Atomics.load(words, slot + GENERATION) !== generation) return false
    this.slot = slot
    this.generation = generation
    return true
  }

  /**
   * Copies the value to the beginning of `into` and returns its length, −1 where there is none. Waits for nobody: what
   * changed during the copy is copied again. Throws BAD_INPUT when `into` is too short.
   */
  getInto(into: Uint8Array): number {
    const { words, slot } = this
    const version = loadSwitch(words, slot + VERSION)
    if (
      slot !== 0 &&
      words[slot + GENERATION] === this.generation &&
      isPlain(words[slot + TYPE] ?? INTEGER_TYPE)
    ) {
      const side = version & 1
      const known = side === 0 ? this.sideA : this.sideB
      const length = loadSwitch(words, slot + LENGTHS + side)
      if (
        words[slot + PLACES + side] === known.place &&
        length === known.viewLength &&
        length <= into.length
      ) {
        into.set(known.view)
        fence()
        if (((loadSwitch(words, slot + WRITING) - version) | 0) <= 1) return length
      }
    }
    return this.read(into)
  }

  /** A copy; undefined where there is none. */
  get(): Buffer | undefined {
    const length = this.read(undefined)
    const value = this.taken
    this.taken = undefined
    return length < 0 ? undefined : value
  }

  /** Throws STORE_FULL, and BAD_INPUT for a key that counts. `finish` is what else is to be done to the slot. */
  set(value: Uint8Array, finish?: (slot: number) => void): void {
    refuseUnfit(value, this.valueBytesMax)
    if (finish !== undefined || !this.setInPlace(value)) this.setSlowly(value, finish)
  }

  /** Where the key has what `set` finds most of the time: a block that fits, and nobody who watches. */
  private setInPlace(value: Uint8Array): boolean {
    const { words, slot } = this
    const { stamp } = this.parts.locks
    const { length } = value
    if (slot === 0 || stamp === 0 || words[this.scrubWord] !== 0) return false
    if (Atomics.compareExchange(words, slot + LOCK, 0, stamp) !== 0) return false
    const next = ((words[slot + VERSION] ?? 0) + 1) | 0
    const side = next & 1
    const known = side === 0 ? this.sideA : this.sideB
    const isReady =
      words[slot + GENERATION] === this.generation &&
      words[slot + PLACES + side] === known.place &&
      length <= known.capacity &&
      (known.capacity <= BLOCK_BYTES_MIN || known.capacity <= SLACK * length) &&
      words[slot + WATCHERS] === 0 &&
      isPlain(words[slot + TYPE] ?? INTEGER_TYPE)
    if (isReady) {
      words[slot + WRITING] = next
      fence()
      words[slot + LENGTHS + side] = length
      this.bytes.set(value, known.start)
      if (this.seed !== undefined) words[slot + CHECKS + side] = checkOf(value, this.seed)
      words[slot + WRITES] = (words[slot + WRITES] ?? 0) + 1
      Atomics.store(words, slot + VERSION, next)
    }
    Atomics.store(words, slot + LOCK, 0)
    return isReady
  }

  private setSlowly(value: Uint8Array, finish?: (slot: number) => void): void {
    const { slots, values } = this.parts
    slots.change(this, (slot) => {
      refuseInteger(this.words, slot)
      if (!values.write(slot, value)) return NO_ROOM
      const side = (this.words[slot + VERSION] ?? 0) & 1
      this.learn(this.sideOf(side), this.words[slot + PLACES + side] ?? 0)
      if (finish) finish(slot)
      else slots.renew(slot)
      return undefined
    })
  }

  /** Adds to the end of the value, and returns how long it is now. */
  append(addition: Uint8Array): number {
    const { slots, values } = this.parts
    refuseUnfit(addition, this.valueBytesMax)
    return slots.change(this, (slot) => {
      if (slots.isNew(slot)) return values.write(slot, addition) ? addition.length : NO_ROOM
      refuseInteger(this.words, slot)
      const side = (this.words[slot + VERSION] ?? 0) & 1
      const total = (this.words[slot + LENGTHS + side] ?? 0) + addition.length
      if (total > this.valueBytesMax) throw tooLong(total, this.valueBytesMax)
      return values.append(slot, addition) ?? NO_ROOM
    })
  }

  delete(): boolean {
    return this.parts.slots.remove(this)
  }

  head(): KeyHead | undefined {
    return readHead(this.parts, this)
  }

  private sideOf(side: number): Side {
    return side === 0 ? this.sideA : this.sideB
  }

  private learn(known: Side, place: number): void {
    if (known.place === place) return
    known.place = place
    known.capacity = this.parts.blocks.capacity(place)
    known.start = known.capacity === 0 ? 0 : this.parts.blocks.start(place)
    known.length = NO_VALUE
    known.viewLength = NO_VALUE
    known.view = NONE
  }

  /** By the long way: finds the key, and looks at everything. Without `into`, what was read is in `taken`. */
  private read(into: Uint8Array | undefined): number {
    const { words } = this
    let damageSeen = 0
    for (let attempt = 0; attempt < READ_ATTEMPTS_MAX; attempt += 1) {
      if (!this.parts.slots.locate(this)) return NO_VALUE
      const { slot } = this
      const version = Atomics.load(words, slot + VERSION)
      if (Atomics.load(words, slot + GENERATION) !== this.generation) continue
      if (!this.parts.slots.use(slot)) return NO_VALUE
      if (((words[slot + TYPE] ?? 0) & TYPE_MASK) === INTEGER_TYPE) {
        if (this.copyInteger(slot, into)) return INTEGER_BYTES
        continue
      }
      const length = this.copy(slot, version & 1, into)
      fence()
      const isWhole = ((Atomics.load(words, slot + WRITING) - version) | 0) <= 1
      if (isWhole && length >= NO_VALUE) return this.checkFits(length, into)
      // Where the version stands still, and yet the side is written over, or its length is impossible, nobody is at work.
      if (Atomics.load(words, slot + VERSION) === version) damageSeen += 1
      if (damageSeen > DAMAGE_SEEN_MAX) break
    }
    throw new RunaError('BUS_CORRUPT', 'A value of the store cannot be read: its slot is damaged.')
  }

  /** Returns the length, whether or not that fitted; less than −1 where it cannot be. */
  private copy(slot: number, side: number, into: Uint8Array | undefined): number {
    const known = this.sideOf(side)
    const length = Atomics.load(this.words, slot + LENGTHS + side)
    this.learn(known, this.words[slot + PLACES + side] ?? 0)
    if (length > Math.min(known.capacity, this.valueBytesMax) || length < NO_VALUE) return NO_VALUE - 1
    if (into === undefined) this.taken = Buffer.allocUnsafe(Math.max(0, length))
    const target = into ?? this.taken ?? NONE
    if (length > target.length || length < 0) return length
    this.bytes.copy(target, 0, known.start, known.start + length)
    if (length === known.length && length !== known.viewLength) {
      known.view = this.bytes.subarray(known.start, known.start + length)
      known.viewLength = length
    }
    known.length = length
    return length
  }

  /** Its 8 bytes, the lowest first. False where the key went meanwhile. */
  private copyInteger(slot: number, into: Uint8Array | undefined): boolean {
    const value = Buffer.alloc(INTEGER_BYTES)
    value.writeBigInt64LE(Atomics.load(this.parts.segment.integers, (slot + INTEGER) / 2))
    if (!this.parts.slots.isLive(this)) return false
    this.checkFits(INTEGER_BYTES, into)
    if (into) into.set(value)
    else this.taken = value
    return true
  }

  private checkFits(length: number, into: Uint8Array | undefined): number {
    if (into === undefined || length <= into.length) return length
    throw new RunaError('BAD_INPUT', `The value has ${length} bytes; there is room for ${into.length}.`)
  }
}

/** Neither a number nor anything that ends. */
function isPlain(type: number): boolean {
  return type < HAS_LIFETIME && type !== INTEGER_TYPE
}
