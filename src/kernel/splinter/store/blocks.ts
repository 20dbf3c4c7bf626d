import type { OwnerLocks } from '../seat/owner-lock.ts'
import { BLOCK_BYTES_MIN } from '../segment/geometry.ts'
import type { Segment } from '../segment/segment.ts'
import { Arena, orderFor } from './arena.ts'
import { ARENA_CLEAN, ARENA_LOCK, PLACES, slotAt } from './store-words.ts'

// A place packs the first unit of a block and its order plus one; 0 is no block.
const ORDER_BITS = 5
const ORDER_MASK = 31

/** Where a place lies, in units of the arena; undefined for no block. It may lie nowhere, where it comes from damage. */
export function blockAt(place: number): { readonly unit: number; readonly units: number } | undefined {
  return place === 0 ? undefined : { unit: place >>> ORDER_BITS, units: 2 ** ((place & ORDER_MASK) - 1) }
}

/**
 * The blocks that values lie in. Which slot has which block stands in the slots alone: the tree of free blocks follows
 * from them, and changes together with them under one lock. Whoever finds that its last holder died makes it anew, so
 * that no death leaks a block.
 */
export class Blocks {
  private readonly segment: Segment
  private readonly words: Int32Array
  private readonly locks: OwnerLocks
  private readonly arena: Arena
  private readonly head: number

  constructor(segment: Segment, locks: OwnerLocks) {
    const { layout, bytes } = segment
    this.segment = segment
    this.words = segment.words
    this.locks = locks
    this.head = layout.storeHead / 4
    this.arena = new Arena(
      bytes.subarray(layout.arenaTree, layout.arenaTree + 2 * layout.arenaLeaves),
      layout.storeBytes / BLOCK_BYTES_MIN,
    )
  }

  /** The first byte of a block. Only for a sound place. */
  start(place: number): number {
    return this.segment.layout.arena + (place >>> ORDER_BITS) * BLOCK_BYTES_MIN
  }

  /** In bytes: 0 for no block, and for a place that lies nowhere, which comes from damage. */
  capacity(place: number): number {
    const order = (place & ORDER_MASK) - 1
    return this.arena.isBlock(place >>> ORDER_BITS, order) ? BLOCK_BYTES_MIN * 2 ** order : 0
  }

  /**
   * Gives a side of a slot a block for so many bytes in place of the one that it has, unless there is no room: then it has
   * none. Only under the slot's lock, and once readers know that the side does not hold.
   */
  provide(slot: number, side: number, sizeBytes: number): boolean {
    this.enter()
    try {
      this.giveBack(this.words[slot + PLACES + side] ?? 0)
      const order = orderFor(sizeBytes)
      const unit = this.arena.take(order)
      this.setPlace(slot, side, unit < 0 ? 0 : (unit << ORDER_BITS) | (order + 1))
      return unit >= 0
    } finally {
      this.leave()
    }
  }

  /** Takes the block of a side away. Only under the slot's lock, and once readers know that the side does not hold. */
  release(slot: number, side: number): void {
    if (this.words[slot + PLACES + side] === 0) return
    this.enter()
    try {
      this.giveBack(this.words[slot + PLACES + side] ?? 0)
      this.setPlace(slot, side, 0)
    } finally {
      this.leave()
    }
  }

  private enter(): void {
    const { words, head } = this
    this.locks.acquire(head + ARENA_LOCK)
    const isClean = Atomics.load(words, head + ARENA_CLEAN) === 1
    Atomics.store(words, head + ARENA_CLEAN, 0)
    if (!isClean) this.rebuild()
  }

  private leave(): void {
    Atomics.store(this.words, this.head + ARENA_CLEAN, 1)
    this.locks.release(this.head + ARENA_LOCK)
  }

  private giveBack(place: number): void {
    if (place !== 0) this.arena.free(place >>> ORDER_BITS, (place & ORDER_MASK) - 1)
  }

  private setPlace(slot: number, side: number, place: number): void {
    Atomics.store(this.words, slot + PLACES + side, place)
  }

  /** Places that lie nowhere, or where another one is, come from damage: their value is lost. */
  private rebuild(): void {
    const { arena, words, segment } = this
    arena.reset()
    for (let index = 0; index < segment.layout.slotsMax; index += 1) {
      const slot = slotAt(segment.layout, index)
      for (const side of [0, 1]) {
        const place = Atomics.load(words, slot + PLACES + side)
        if (place === 0) continue
        if (!arena.takeAt(place >>> ORDER_BITS, (place & ORDER_MASK) - 1)) this.setPlace(slot, side, 0)
      }
    }
  }
}
