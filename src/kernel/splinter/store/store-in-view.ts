import type { Wiring } from '../seat/wiring.ts'
import type { Protection } from '../segment/privacy.ts'
import { CHANGE_KINDS } from './companion.ts'
import { KeyEntry } from './key-entry.ts'
import { tokenOf } from './key-head.ts'
import type { StoreParts } from './parts.ts'
import {
  ENDED_AS,
  ENDED_GENERATION,
  GENERATION,
  LABELS,
  LOCK,
  slotAt,
  slotNumberOf,
  WATCHERS,
} from './store-words.ts'
import type { Watched, WatchTable } from './watch-table.ts'
import type { KeyChange, Sighting, WatchedKeys } from './watches.ts'

/** The store, as the watches of this member see it. */
export class StoreInView implements WatchedKeys {
  private readonly own: Wiring['own']
  private readonly protection: Protection
  private readonly parts: StoreParts
  private readonly table: WatchTable
  private readonly words: Int32Array
  private readonly bit: number

  constructor({ own, protection }: Pick<Wiring, 'own' | 'protection'>, parts: StoreParts, table: WatchTable) {
    this.own = own
    this.protection = protection
    this.parts = parts
    this.table = table
    this.words = parts.segment.words
    this.bit = 1 << own.row
  }

  get hasReadableKeys(): boolean {
    return this.protection.hasReadableKeys
  }

  storedKey(key: string): Buffer {
    return this.protection.storedKey(key)
  }

  look(key: Uint8Array): Sighting | undefined {
    const { slots, segment } = this.parts
    const entry = new KeyEntry(this.parts, '', Buffer.from(key))
    while (slots.locate(entry) && !slots.isGone(entry.slot)) {
      const { slot, generation } = entry
      const [labelsLow, labelsHigh] = this.labelsOf(slot)
      const version = tokenOf(this.words, slot)
      const slotNumber = slotNumberOf(segment.layout, slot)
      if (slots.isLive(entry)) return { slotNumber, generation, version, labelsLow, labelsHigh }
    }
    return undefined
  }

  keyIn(slotNumber: number): Buffer | undefined {
    const slot = this.slotAt(slotNumber)
    const generation = Atomics.load(this.words, slot + GENERATION)
    return generation === 0 ? undefined : this.parts.slots.keyOf(slot, generation)
  }

  isChanging(slotNumber: number): boolean {
    const holder = Atomics.load(this.words, this.slotAt(slotNumber) + LOCK)
    return holder !== 0 && this.own.isAlive(holder)
  }

  endOf(slotNumber: number, generation: number): KeyChange['what'] {
    const slot = this.slotAt(slotNumber)
    // Past its time, and not yet swept.
    if (Atomics.load(this.words, slot + GENERATION) === generation) return 'expired'
    const isKnown = this.words[slot + ENDED_GENERATION] === generation
    return (isKnown && CHANGE_KINDS[this.words[slot + ENDED_AS] ?? 0]) || 'deleted'
  }

  begin(watched: Watched, each: (key: Buffer) => void): number {
    return this.parts.slots.directory.exclusively(() => {
      const watch = this.table.add(this.own.row, watched)
      try {
        if (watch >= 0) this.enter(watch, each)
        return watch
      } catch (error) {
        this.table.remove(this.own.row, watch)
        throw error
      }
    })
  }

  end(watch: number, keys: Iterable<Buffer>): void {
    this.parts.slots.directory.exclusively(() => this.table.remove(this.own.row, watch))
    for (const key of keys) this.leave(key)
  }

  leave(key: Buffer): void {
    const { slots } = this.parts
    const entry = new KeyEntry(this.parts, '', key)
    if (!slots.locate(entry)) return
    this.withSlot(entry.slot, (slot) => {
      const isWatched = slots.isLive(entry) && this.table.watches(this.own.row, key, ...this.labelsOf(slot))
      if (!isWatched) Atomics.and(this.words, slot + WATCHERS, ~this.bit)
    })
  }

  rounds(): number {
    return this.table.rounds(this.own.row)
  }

  takeMarks(): number[] {
    return this.table.takeMarks(this.own.row)
  }

  /** Marks this member in every slot whose key the watch is for. */
  private enter(watch: number, each: (key: Buffer) => void): void {
    const { slots } = this.parts
    slots.each((slot, generation) => {
      const key = slots.keyOf(slot, generation)
      if (!key || !this.table.isFor(this.own.row, watch, key, ...this.labelsOf(slot))) return
      this.withSlot(slot, () => Atomics.or(this.words, slot + WATCHERS, this.bit))
      each(key)
    })
  }

  /** Under its lock: who writes has either written before, or sees who watches. */
  private withSlot(slot: number, work: (slot: number) => void): void {
    const { slots } = this.parts
    slots.lock(slot)
    try {
      work(slot)
    } finally {
      slots.unlock(slot)
    }
  }

  private labelsOf(slot: number): readonly [low: number, high: number] {
    return [Atomics.load(this.words, slot + LABELS), Atomics.load(this.words, slot + LABELS + 1)]
  }

  private slotAt(slotNumber: number): number {
    return slotAt(this.parts.segment.layout, slotNumber)
  }
}
