import { RunaError } from '#protocol'
import type { Segment } from '../segment/segment.ts'
import { GENERATION, HASH, INDEX_FILLED, INDEX_VERSION, slotAt } from './store-words.ts'

const EMPTY = 0
/** Far more often than it can be made anew during one search. */
const ATTEMPTS_MAX = 1_000

/** A key that is looked for. */
export interface Wanted {
  readonly hash: number
  /** Whether that slot holds the key. */
  isIn(slot: number): boolean
}

/**
 * Finds the slots that a key may stand in: open addressing with linear probing, an entry a word, which packs the number of a
 * slot and as much of the hash as is left. It stands twice. Before entries that were removed make a search long, it is made
 * anew in the table that nobody searches, and switched to by one store. Only the holder of the lock on insertion changes it.
 */
export class KeyIndex {
  private readonly segment: Segment
  private readonly words: Int32Array
  private readonly head: number
  private readonly mask: number
  private readonly slotMask: number

  constructor(segment: Segment) {
    const { layout, words } = segment
    this.segment = segment
    this.words = words
    this.head = layout.storeHead / 4
    this.mask = layout.indexEntries - 1
    // One more than the largest slot plus one, for what was removed.
    this.slotMask = 2 ** Math.ceil(Math.log2(layout.slotsMax + 2)) - 1
  }

  /** The slot that the key stands in, in words; −1 where there is none. Waits for nobody. */
  find(wanted: Wanted): number {
    for (let attempt = 0; attempt < ATTEMPTS_MAX; attempt += 1) {
      const version = this.version()
      const slot = this.search(this.tableOf(version), wanted)
      // Of a table that was made anew meanwhile, only what is there counts.
      if (slot >= 0 || this.version() === version) return slot
    }
    throw new RunaError('BUS_CORRUPT', 'The index of the store never comes to rest: it is damaged.')
  }

  /** Makes it anew first when it has grown too full of what was removed. */
  add(index: number, hash: number): void {
    if ((this.words[this.head + INDEX_FILLED] ?? 0) >= 0.75 * this.mask) this.rebuild()
    this.put(this.tableOf(this.version()), index, hash)
  }

  remove(index: number, hash: number): void {
    const { words, mask, slotMask } = this
    const table = this.tableOf(this.version())
    const sought = (hash & ~slotMask) | (index + 1)
    for (let step = 0; step <= mask; step += 1) {
      const at = (hash + step) & mask
      const entry = Atomics.load(words, table + at)
      if (entry === EMPTY) return
      if (entry !== sought) continue
      Atomics.store(words, table + at, slotMask)
      this.emptyEnd(table, at)
      return
    }
  }

  /** From the slots, whatever stood there before. */
  rebuild(): void {
    const { words, segment, head } = this
    const version = (this.version() + 1) | 0
    const table = this.tableOf(version)
    words.fill(EMPTY, table, table + this.mask + 1)
    Atomics.store(words, head + INDEX_FILLED, 0)
    for (let index = 0; index < segment.layout.slotsMax; index += 1) {
      const slot = slotAt(segment.layout, index)
      if (Atomics.load(words, slot + GENERATION) !== 0) this.put(table, index, words[slot + HASH] ?? 0)
    }
    Atomics.store(words, head + INDEX_VERSION, version)
  }

  private version(): number {
    return Atomics.load(this.words, this.head + INDEX_VERSION)
  }

  private search(table: number, wanted: Wanted): number {
    const { words, mask, slotMask } = this
    const { hash } = wanted
    for (let step = 0; step <= mask; step += 1) {
      const entry = Atomics.load(words, table + ((hash + step) & mask))
      if (entry === EMPTY) return -1
      const index = (entry & slotMask) - 1
      if (((entry ^ hash) & ~slotMask) !== 0 || index < 0 || index >= this.segment.layout.slotsMax) continue
      const slot = slotAt(this.segment.layout, index)
      if (wanted.isIn(slot)) return slot
    }
    return -1
  }

  private tableOf(version: number): number {
    return this.segment.layout.index / 4 + (version & 1) * (this.mask + 1)
  }

  private put(table: number, index: number, hash: number): void {
    const { words, mask, slotMask, head } = this
    for (let step = 0; step <= mask; step += 1) {
      const at = table + ((hash + step) & mask)
      const entry = Atomics.load(words, at)
      if (entry !== EMPTY && entry !== slotMask) continue
      if (entry === EMPTY) this.countFilled(1)
      Atomics.store(words, at, (hash & ~slotMask) | (index + 1))
      return
    }
    // At most half of it is in use: only a damaged one has no room, and then nobody finds the key.
    Atomics.store(words, head + INDEX_FILLED, mask + 1)
  }

  /** What was removed at the end of a run of entries is of no use to any search. */
  private emptyEnd(table: number, last: number): void {
    const { words, mask, slotMask } = this
    if (Atomics.load(words, table + ((last + 1) & mask)) !== EMPTY) return
    for (let step = 0; step <= mask; step += 1) {
      const at = table + ((last - step) & mask)
      if (Atomics.load(words, at) !== slotMask) return
      Atomics.store(words, at, EMPTY)
      this.countFilled(-1)
    }
  }

  private countFilled(by: number): void {
    const { words, head } = this
    Atomics.store(words, head + INDEX_FILLED, (words[head + INDEX_FILLED] ?? 0) + by)
  }
}

/** FNV-1a, 32 bits (Fowler, Noll, Vo), with its high bits folded in. */
export function hashOf(key: Uint8Array): number {
  let hash = 0x811c_9dc5
  for (let index = 0; index < key.length; index += 1) {
    hash = Math.imul(hash ^ (key[index] ?? 0), 0x0100_0193)
  }
  return hash ^ (hash >>> 15)
}
