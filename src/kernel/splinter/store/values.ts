import { RunaError } from '#protocol'
import { fence } from '../segment/fence.ts'
import { BLOCK_BYTES_MIN } from '../segment/geometry.ts'
import type { Segment } from '../segment/segment.ts'
import type { Blocks } from './blocks.ts'
import { CHECKS, LENGTHS, NO_VALUE, PLACES, SCRUB, VERSION, WRITES, WRITING } from './store-words.ts'
import { checkOf, checkSeed, keyIn } from './value-check.ts'

/** What is overwritten with zeros: nothing, what is freed, or also the old value as soon as there is a new one. */
export const SCRUBS = ['off', 'hybrid', 'full'] as const
export type Scrub = (typeof SCRUBS)[number]

/** A block that is more than so many times too large for its value goes back. */
export const SLACK = 4

/**
 * Writes the values of slots. Each slot has two sides, and the lowest bit of its version says which one holds. A writer fills
 * the other and switches by one store, so that one which dies leaves the old value. All of it only under the slot's lock.
 */
export class Values {
  private readonly words: Int32Array
  private readonly bytes: Buffer
  private readonly blocks: Blocks
  private readonly segment: Segment
  private readonly scrubWord: number

  constructor(segment: Segment, blocks: Blocks) {
    this.segment = segment
    this.words = segment.words
    this.bytes = segment.bytes
    this.blocks = blocks
    this.scrubWord = segment.layout.storeHead / 4 + SCRUB
  }

  get scrub(): Scrub {
    return SCRUBS[Atomics.load(this.words, this.scrubWord)] ?? 'full'
  }

  set scrub(scrub: Scrub) {
    const mode = SCRUBS.indexOf(scrub)
    if (mode < 0) throw new RunaError('BAD_INPUT', `Scrubbing is ${SCRUBS.join(', ')}; not ${scrub}.`)
    Atomics.store(this.words, this.scrubWord, mode)
  }

  /** False where there is no room, and then the old value stays. */
  write(slot: number, value: Uint8Array): boolean {
    const start = this.open(slot, value.length)
    if (start < 0) return false
    if (value.length > 0) this.bytes.set(value, start)
    this.close(slot, value.length)
    return true
  }

  /**
   * Adds to the end, in place where there is room: readers see as much as the length says. Returns the new length, and
   * undefined where there is no room.
   */
  append(slot: number, addition: Uint8Array): number | undefined {
    const { words, bytes, blocks } = this
    const version = words[slot + VERSION] ?? 0
    const side = version & 1
    const place = words[slot + PLACES + side] ?? 0
    const length = Math.min(Math.max(0, words[slot + LENGTHS + side] ?? 0), blocks.capacity(place))
    const total = length + addition.length
    if (addition.length === 0) return total
    // What is to last is never changed where it stands: a check that no longer fits would be all that is left of it.
    if (total <= blocks.capacity(place) && !this.segment.persistent) {
      bytes.set(addition, blocks.start(place) + length)
      Atomics.store(words, slot + LENGTHS + side, total)
      // By two, so that the same side holds. Who takes the lock over from the dead moves it on in their place.
      Atomics.store(words, slot + VERSION, (version + 2) | 0)
      words[slot + WRITES] = (words[slot + WRITES] ?? 0) + 1
      return total
    }
    const start = this.open(slot, total)
    if (start < 0) return undefined
    bytes.copyWithin(start, blocks.start(place), blocks.start(place) + length)
    bytes.set(addition, start + length)
    this.close(slot, total)
    return total
  }

  /** A copy of the value. Only under the slot's lock. */
  copy(slot: number): Buffer {
    const { words, bytes, blocks } = this
    const side = (words[slot + VERSION] ?? 0) & 1
    const place = words[slot + PLACES + side] ?? 0
    const length = Math.min(Math.max(0, words[slot + LENGTHS + side] ?? 0), blocks.capacity(place))
    const start = length === 0 ? 0 : blocks.start(place)
    return Buffer.from(bytes.subarray(start, start + length))
  }

  /** Takes the side away that does not hold. True where that freed a block. */
  retire(slot: number): boolean {
    const { words } = this
    const next = ((words[slot + VERSION] ?? 0) + 1) | 0
    if (words[slot + PLACES + (next & 1)] === 0) return false
    this.markWriting(slot, next)
    this.release(slot, next & 1)
    return true
  }

  /** Takes both sides away, of a slot that is no key's. */
  vacate(slot: number): void {
    const { words } = this
    const next = ((words[slot + VERSION] ?? 0) + 2) | 0
    this.markWriting(slot, next)
    for (const side of [0, 1]) {
      this.release(slot, side)
      words[slot + LENGTHS + side] = NO_VALUE
    }
    Atomics.store(words, slot + VERSION, next)
  }

  /** Readers of the side that this version takes see that it is no longer theirs. */
  private markWriting(slot: number, version: number): void {
    this.words[slot + WRITING] = version
    fence()
  }

  /** Makes the other side ready for a value of that length, and returns where it begins; −1 where there is no room. */
  private open(slot: number, length: number): number {
    const { words, blocks } = this
    const next = ((words[slot + VERSION] ?? 0) + 1) | 0
    const side = next & 1
    this.markWriting(slot, next)
    const place = words[slot + PLACES + side] ?? 0
    if (this.fits(place, length)) return blocks.start(place)
    this.scrubBlock(place)
    if (!blocks.provide(slot, side, length)) return -1
    return blocks.start(words[slot + PLACES + side] ?? 0)
  }

  /** Switches to the side that was opened. */
  private close(slot: number, length: number): void {
    const { words } = this
    const next = ((words[slot + VERSION] ?? 0) + 1) | 0
    words[slot + LENGTHS + (next & 1)] = length
    if (this.segment.persistent) this.check(slot, next & 1, length)
    Atomics.store(words, slot + VERSION, next)
    words[slot + WRITES] = (words[slot + WRITES] ?? 0) + 1
    if (this.scrub === 'full') this.scrubOther(slot, next)
  }

  private check(slot: number, side: number, length: number): void {
    const start = this.blocks.start(this.words[slot + PLACES + side] ?? 0)
    const value = this.bytes.subarray(start, start + length)
    this.words[slot + CHECKS + side] = checkOf(value, checkSeed(keyIn(this.segment, slot)))
  }

  private fits(place: number, length: number): boolean {
    const capacity = this.blocks.capacity(place)
    return length <= capacity && (capacity <= BLOCK_BYTES_MIN || capacity <= SLACK * length)
  }

  private release(slot: number, side: number): void {
    this.scrubBlock(this.words[slot + PLACES + side] ?? 0)
    this.blocks.release(slot, side)
  }

  private scrubBlock(place: number): void {
    const capacity = this.blocks.capacity(place)
    if (capacity === 0 || this.scrub === 'off') return
    const start = this.blocks.start(place)
    this.bytes.fill(0, start, start + capacity)
  }

  private scrubOther(slot: number, version: number): void {
    this.markWriting(slot, (version + 1) | 0)
    this.scrubBlock(this.words[slot + PLACES + (~version & 1)] ?? 0)
  }
}
