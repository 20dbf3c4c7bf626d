import type { OwnerLocks } from '../seat/owner-lock.ts'
import { SLOT_BYTES } from '../segment/geometry.ts'
import type { Segment } from '../segment/segment.ts'
import { CHANGE_KINDS, type ChangeKind } from './companion.ts'
import { KeyIndex, type Wanted } from './key-index.ts'
import {
  ENDED_AS,
  ENDED_GENERATION,
  FIRST_FREE,
  GENERATION,
  HASH,
  INDEX_CLEAN,
  INSERT_LOCK,
  KEY,
  LAST_GENERATION,
  NEXT_FREE,
  slotAt,
  slotNumberOf,
} from './store-words.ts'
import type { Values } from './values.ts'

/**
 * Which slots are free, and which key the others have. Both follow from the generations of the slots, so they are made anew
 * by whoever finds that somebody died while they changed. All but `find` only within `exclusively`.
 */
export class Directory {
  private readonly segment: Segment
  private readonly words: Int32Array
  private readonly locks: OwnerLocks
  private readonly values: Values
  private readonly index: KeyIndex
  private readonly head: number

  constructor(segment: Segment, locks: OwnerLocks, values: Values) {
    this.segment = segment
    this.words = segment.words
    this.locks = locks
    this.values = values
    this.index = new KeyIndex(segment)
    this.head = segment.layout.storeHead / 4
  }

  /** The slot of a key, −1 where it has none. Waits for nobody. */
  find(wanted: Wanted): number {
    return this.index.find(wanted)
  }

  /** Alone among those who insert and delete. Index and free slots are left to the next one to make anew after an error. */
  exclusively<Result>(work: () => Result): Result {
    const { words, head } = this
    this.locks.acquire(head + INSERT_LOCK)
    try {
      const isClean = Atomics.load(words, head + INDEX_CLEAN) === 1
      Atomics.store(words, head + INDEX_CLEAN, 0)
      if (!isClean) this.recover()
      const result = work()
      Atomics.store(words, head + INDEX_CLEAN, 1)
      return result
    } finally {
      this.locks.release(head + INSERT_LOCK)
    }
  }

  /** Makes good what a death has left, where there is something. */
  mend(): void {
    if (Atomics.load(this.words, this.head + INDEX_CLEAN) !== 1) this.exclusively(() => {})
  }

  /**
   * The first one that can be taken: the caller locks it, and another process may have been stopped over a slot whose key went.
   * −1 where there is none. A list that leads to a slot in use is damaged, and made anew.
   */
  takeFree(take: (slot: number) => boolean): number {
    const { words, head, segment } = this
    for (let attempt = 0; attempt < 2; attempt += 1) {
      let link = head + FIRST_FREE
      for (let step = 0; step <= segment.layout.slotsMax; step += 1) {
        const free = words[link] ?? 0
        if (free === 0) return -1
        const slot = slotAt(segment.layout, free - 1)
        if (free < 0 || free > segment.layout.slotsMax || words[slot + GENERATION] !== 0) break
        if (take(slot)) {
          Atomics.store(words, link, words[slot + NEXT_FREE] ?? 0)
          return slot
        }
        link = slot + NEXT_FREE
      }
      this.recover()
    }
    return -1
  }

  /** Gives a filled slot to its key: from here on it is found. Returns the generation. */
  commit(slot: number): number {
    const { words, head } = this
    const generation = ((words[head + LAST_GENERATION] ?? 0) + 1) | 0 || 1
    Atomics.store(words, head + LAST_GENERATION, generation)
    this.index.add(slotNumberOf(this.segment.layout, slot), words[slot + HASH] ?? 0)
    Atomics.store(words, slot + GENERATION, generation)
    return generation
  }

  /** Takes a slot from its key, and its blocks from the slot: from here on it is not found. */
  erase(slot: number, what: ChangeKind): void {
    const { words } = this
    words[slot + ENDED_AS] = CHANGE_KINDS.indexOf(what)
    words[slot + ENDED_GENERATION] = words[slot + GENERATION] ?? 0
    Atomics.store(words, slot + GENERATION, 0)
    this.index.remove(slotNumberOf(this.segment.layout, slot), words[slot + HASH] ?? 0)
    this.free(slot)
  }

  /** A slot that is no key's: takes its blocks, and keeps it for another. */
  free(slot: number): void {
    const { words, head } = this
    this.values.vacate(slot)
    if (this.values.scrub !== 'off') words.fill(0, slot + KEY, slot + SLOT_BYTES / 4)
    words[slot + NEXT_FREE] = words[head + FIRST_FREE] ?? 0
    Atomics.store(words, head + FIRST_FREE, slotNumberOf(this.segment.layout, slot) + 1)
  }

  /** Makes index and free slots anew from the slots, and takes from free ones what a death left there. */
  private recover(): void {
    const { words, head } = this
    this.index.rebuild()
    Atomics.store(words, head + FIRST_FREE, 0)
    for (let index = this.segment.layout.slotsMax - 1; index >= 0; index -= 1) {
      const slot = slotAt(this.segment.layout, index)
      if (Atomics.load(words, slot + GENERATION) === 0) this.free(slot)
    }
  }
}
