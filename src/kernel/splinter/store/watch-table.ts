import { WATCH_BYTES, WATCH_HEADER_BYTES, WATCHES_MAX } from '../segment/geometry.ts'
import type { Segment } from '../segment/segment.ts'

/** A slot has one bit for each row that watches it. Members in later rows cannot watch. */
const WATCHING_ROWS_MAX = 32

// Each row of the process table has a region: a header, its watches, and a bit for each slot that has changed.
/** Grows with each round of changes: what its owner compares to learn whether there is something to look at. */
const ROUNDS = 0
/** Watches at and above this one were never used. */
const USED = 1
const KIND = 0
/** Of the pattern in bytes; the number, for a label. */
const LENGTH = 1
const PATTERN_BYTE = 16
const PATTERN_BYTES_MAX = 96

const KINDS = ['none', 'key', 'prefix', 'label'] as const

/** Keys and prefixes as they stand in memory. */
export type Watched =
  | { readonly kind: 'key' | 'prefix'; readonly bytes: Uint8Array }
  | { readonly kind: 'label'; readonly label: number }

/** Where the regions lie. */
export interface WatchPlace {
  readonly watches: number
  readonly watchBytes: number
  readonly slotsMax: number
  readonly membersMax: number
}

/**
 * Who wants to know of which keys, and what has changed for them. What is said of watches here needs the lock on insertion;
 * marks need none. A member that died leaves its watches: they cost marks that nobody reads until its row is taken again.
 */
export class WatchTable {
  private readonly words: Int32Array
  private readonly bytes: Buffer
  private readonly place: WatchPlace
  private readonly rows: number

  constructor({ words, bytes }: Pick<Segment, 'words' | 'bytes'>, place: WatchPlace) {
    this.words = words
    this.bytes = bytes
    this.place = place
    this.rows = Math.min(place.membersMax, WATCHING_ROWS_MAX)
  }

  /** Whether anybody had watched from this row. */
  hasBeenUsed(row: number): boolean {
    return row < this.rows && this.usedBy(row) > 0
  }

  /** Forgets what the last holder of the row has watched. */
  clear(row: number): void {
    const start = this.headerOf(row)
    for (let index = 0; index < WATCHES_MAX; index += 1) this.remove(row, index)
    this.words.fill(0, start, start + (this.place.watchBytes >> 2))
  }

  /** Its number in the row; −1 where there is no room for another, or where this row cannot watch. */
  add(row: number, watched: Watched): number {
    if (row >= this.rows) return -1
    for (let index = 0; index < WATCHES_MAX; index += 1) {
      const watch = this.watchOf(row, index)
      if (Atomics.load(this.words, watch + KIND) !== 0) continue
      if (watched.kind === 'label') this.words[watch + LENGTH] = watched.label
      else {
        this.words[watch + LENGTH] = watched.bytes.length
        this.bytes.set(watched.bytes, watch * 4 + PATTERN_BYTE)
      }
      // Last, so that one who dies before leaves nothing.
      Atomics.store(this.words, watch + KIND, KINDS.indexOf(watched.kind))
      if (this.usedBy(row) <= index) Atomics.store(this.words, this.headerOf(row) + USED, index + 1)
      return index
    }
    return -1
  }

  remove(row: number, index: number): void {
    Atomics.store(this.words, this.watchOf(row, index) + KIND, 0)
  }

  /** A bit for each row that watches a key with these labels. Also right under the lock of the key's slot alone. */
  rowsThatWatch(key: Uint8Array, labelsLow: number, labelsHigh: number): number {
    let rows = 0
    for (let row = 0; row < this.rows; row += 1) {
      if (this.watches(row, key, labelsLow, labelsHigh)) rows |= 1 << row
    }
    return rows
  }

  /** Whether that watch of that row is for such a key. */
  isFor(row: number, index: number, key: Uint8Array, labelsLow: number, labelsHigh: number): boolean {
    return this.matches(this.watchOf(row, index), key, labelsLow, labelsHigh)
  }

  /** Whether any watch of that row is. */
  watches(row: number, key: Uint8Array, labelsLow: number, labelsHigh: number): boolean {
    const used = this.usedBy(row)
    for (let index = 0; index < used; index += 1) {
      if (this.matches(this.watchOf(row, index), key, labelsLow, labelsHigh)) return true
    }
    return false
  }

  /** Says to that row that something is to be looked at in that slot. */
  mark(row: number, slotNumber: number): void {
    const word = this.marksOf(row) + (slotNumber >> 5)
    const bit = 1 << (slotNumber & 31)
    if ((Atomics.load(this.words, word) & bit) === 0) Atomics.or(this.words, word, bit)
    Atomics.add(this.words, this.headerOf(row) + ROUNDS, 1)
  }

  /** Changes with each mark. */
  rounds(row: number): number {
    return Atomics.load(this.words, this.headerOf(row) + ROUNDS)
  }

  /** The slots that were marked since the last time. */
  takeMarks(row: number): number[] {
    const marks = this.marksOf(row)
    const taken: number[] = []
    for (let index = 0; index < Math.ceil(this.place.slotsMax / 32); index += 1) {
      if (Atomics.load(this.words, marks + index) === 0) continue
      const bits = Atomics.exchange(this.words, marks + index, 0)
      for (let bit = 0; bit < 32; bit += 1) {
        const slotNumber = index * 32 + bit
        if ((bits >>> bit) & 1 && slotNumber < this.place.slotsMax) taken.push(slotNumber)
      }
    }
    return taken
  }

  private matches(watch: number, key: Uint8Array, labelsLow: number, labelsHigh: number): boolean {
    const kind = KINDS[Atomics.load(this.words, watch + KIND)] ?? 'none'
    const length = this.words[watch + LENGTH] ?? 0
    if (kind === 'none') return false
    if (kind === 'label') return (((length < 32 ? labelsLow : labelsHigh) >>> (length & 31)) & 1) === 1
    if (length < 0 || length > PATTERN_BYTES_MAX) return false
    if (kind === 'key' ? length !== key.length : length > key.length) return false
    const start = watch * 4 + PATTERN_BYTE
    return this.bytes.compare(key, 0, length, start, start + length) === 0
  }

  private usedBy(row: number): number {
    return Math.max(0, Math.min(Atomics.load(this.words, this.headerOf(row) + USED), WATCHES_MAX))
  }

  private headerOf(row: number): number {
    return (this.place.watches + row * this.place.watchBytes) >> 2
  }

  private watchOf(row: number, index: number): number {
    return this.headerOf(row) + ((WATCH_HEADER_BYTES + index * WATCH_BYTES) >> 2)
  }

  private marksOf(row: number): number {
    return this.headerOf(row) + ((WATCH_HEADER_BYTES + WATCHES_MAX * WATCH_BYTES) >> 2)
  }
}
