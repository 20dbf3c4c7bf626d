import { fence } from '../segment/fence.ts'
import { KEY_BYTES_MAX } from '../segment/geometry.ts'
import type { Segment } from '../segment/segment.ts'
import type { Wanted } from './key-index.ts'
import { GENERATION, KEY, KEY_LENGTH, slotAt } from './store-words.ts'

/** A key, and where it was last seen. */
export interface Entry extends Wanted {
  readonly keyBytes: Buffer
  /** In words; 0 for nowhere yet. */
  slot: number
  generation: number
}

/** What the slots say to who takes no lock: a key may come or go while it is looked at. */
export class SlotReader {
  protected readonly segment: Segment
  protected readonly words: Int32Array
  protected readonly bytes: Buffer

  constructor(segment: Segment) {
    this.segment = segment
    this.words = segment.words
    this.bytes = segment.bytes
  }

  isLive({ slot, generation }: Entry): boolean {
    return slot !== 0 && Atomics.load(this.words, slot + GENERATION) === generation
  }

  /** Whether the key of a slot that is being changed was not there before. */
  isNew(slot: number): boolean {
    return this.words[slot + GENERATION] === 0
  }

  /** Calls `visit` with each slot that has a key, as long as it has that. Without locks. */
  each(visit: (slot: number, generation: number) => void): void {
    for (let index = 0; index < this.segment.layout.slotsMax; index += 1) {
      const slot = slotAt(this.segment.layout, index)
      const generation = Atomics.load(this.words, slot + GENERATION)
      if (generation !== 0) visit(slot, generation)
    }
  }

  /** Of a key that may be going: `keyOf` afterwards says whether it was that one. */
  beginsWith(slot: number, first: Buffer): boolean {
    const start = (slot + KEY) * 4
    const isLongEnough = first.length <= Math.min(this.words[slot + KEY_LENGTH] ?? 0, KEY_BYTES_MAX)
    return isLongEnough && this.bytes.compare(first, 0, first.length, start, start + first.length) === 0
  }

  /** As it stands in memory; undefined when the slot has gone to another meanwhile. */
  keyOf(slot: number, generation: number): Buffer | undefined {
    const length = Math.max(0, Math.min(this.words[slot + KEY_LENGTH] ?? 0, KEY_BYTES_MAX))
    const start = (slot + KEY) * 4
    const key = Buffer.from(this.bytes.subarray(start, start + length))
    fence()
    return Atomics.load(this.words, slot + GENERATION) === generation ? key : undefined
  }
}
