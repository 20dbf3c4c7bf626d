import { RunaError } from '#protocol'
import type { OwnerLocks } from '../seat/owner-lock.ts'
import { fence } from '../segment/fence.ts'
import { KEY_BYTES_MAX } from '../segment/geometry.ts'
import type { Segment } from '../segment/segment.ts'
import { type ChangeKind, type Companion, NO_COMPANION } from './companion.ts'
import { Directory } from './directory.ts'
import type { Wanted } from './key-index.ts'
import {
  GENERATION,
  HAS_LIFETIME,
  HASH,
  KEY,
  KEY_LENGTH,
  LENGTHS,
  LOCK,
  NO_VALUE,
  PLACES,
  slotAt,
  TYPE,
  VERSION,
  WATCHERS,
} from './store-words.ts'
import type { Values } from './values.ts'

/** What a change returns when the value did not fit, and then it has changed nothing. */
export const NO_ROOM = Symbol('no room')
const NO_SLOT = Symbol('no slot')
/** The key came, went or moved to another slot meanwhile. */
const MOVED = Symbol('moved')

type Refusal = typeof NO_ROOM | typeof NO_SLOT | typeof MOVED
type Work<Result> = (slot: number) => Result | typeof NO_ROOM

/** Of a change that others come before, or that finds no room which was just made. */
const ATTEMPTS_MAX = 100

/** A key, and where it was last seen. */
export interface Entry extends Wanted {
  readonly keyBytes: Buffer
  /** In words; 0 for nowhere yet. */
  slot: number
  generation: number
}

/**
 * Keys and what happens to them. A key comes and goes by one store of the slot's generation. Locks are taken in this
 * order: insertion, slot, arena; against it only by trying.
 */
export class Slots {
  /** Who looks after lifetimes and watches. */
  companion: Companion = NO_COMPANION
  private readonly segment: Segment
  private readonly words: Int32Array
  private readonly bytes: Buffer
  private readonly locks: OwnerLocks
  private readonly values: Values
  readonly directory: Directory

  constructor(segment: Segment, locks: OwnerLocks, values: Values) {
    this.segment = segment
    this.words = segment.words
    this.bytes = segment.bytes
    this.locks = locks
    this.values = values
    this.directory = new Directory(segment, locks, values)
  }

  /** Whether the entry knows where its key is. Looks for it where it does not. Waits for nobody. */
  locate(entry: Entry): boolean {
    return this.isLive(entry) || this.directory.find(entry) >= 0
  }

  isLive({ slot, generation }: Entry): boolean {
    return slot !== 0 && Atomics.load(this.words, slot + GENERATION) === generation
  }

  /** Whether the key of a slot that is being changed was not there before. */
  isNew(slot: number): boolean {
    return this.words[slot + GENERATION] === 0
  }

  /** Past its time: for readers it is not there any more. */
  isGone(slot: number): boolean {
    return ((this.words[slot + TYPE] ?? 0) & HAS_LIFETIME) !== 0 && this.companion.isGone(slot)
  }

  /** The same, for who reads or changes it: what is there has been used. */
  use(slot: number): boolean {
    return ((this.words[slot + TYPE] ?? 0) & HAS_LIFETIME) === 0 || this.companion.use(slot)
  }

  /** The key has a new value. Only under the slot's lock. */
  renew(slot: number): void {
    if (((this.words[slot + TYPE] ?? 0) & HAS_LIFETIME) !== 0) this.companion.renew(slot)
  }

  /**
   * Runs `work` on the slot of the key, alone. A key that is not there yet is there once that is done, all at once. Throws
   * STORE_FULL where no more fits.
   */
  change<Result>(entry: Entry, work: Work<Result>): Result {
    return this.attempt(entry, work, () => this.insert(entry, work))
  }

  /** The same for a key that is there already; undefined where it is not. */
  changeIfThere<Result>(entry: Entry, work: Work<Result>): Result | undefined {
    return this.attempt(entry, work, () => undefined)
  }

  /** Whether there was something to delete. */
  remove(entry: Entry): boolean {
    for (let attempt = 0; attempt < ATTEMPTS_MAX && this.locate(entry); attempt += 1) {
      const { slot, generation } = entry
      const wasGone = this.isGone(slot)
      if (wasGone) this.companion.expire(slot, generation)
      else if (this.removeIf(slot, generation, 'deleted', () => true)) return true
    }
    return false
  }

  /** Takes its key from a slot if that is still of this generation and, under its lock, `isDue`. */
  removeIf(
    slot: number,
    generation: number,
    what: Exclude<ChangeKind, 'set'>,
    isDue: (slot: number) => boolean,
  ): boolean {
    return this.directory.exclusively(() => {
      this.lock(slot)
      try {
        if (Atomics.load(this.words, slot + GENERATION) !== generation || !isDue(slot)) return false
        const isWatched = this.words[slot + WATCHERS] !== 0
        if (isWatched) this.companion.changing(slot)
        this.directory.erase(slot, what)
        if (isWatched) this.companion.changed(slot)
        return true
      } finally {
        this.unlock(slot)
      }
    })
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

  /** Makes index and free slots anew where they do not say what the slots say. */
  settle(): void {
    this.directory.exclusively(() => undefined)
  }

  /** Moves the version on for a holder that died, so that nobody takes a half-done change for what was before it. */
  lock(slot: number): void {
    if (this.locks.acquire(slot + LOCK)) this.inherit(slot)
  }

  /** False where somebody has it. */
  tryLock(slot: number): boolean {
    const taken = this.locks.tryAcquire(slot + LOCK)
    if (taken === 'inherited') this.inherit(slot)
    return taken !== false
  }

  unlock(slot: number): void {
    this.locks.release(slot + LOCK)
  }

  /** Gives the blocks back that hold values of before. False where there were none to be had. */
  retireAll(): boolean {
    let hasRetired = false
    this.each((slot) => {
      const { words } = this
      const inactive = ~(words[slot + VERSION] ?? 0) & 1
      if (words[slot + PLACES + inactive] === 0 || !this.tryLock(slot)) return
      try {
        if (Atomics.load(words, slot + GENERATION) !== 0 && this.values.retire(slot)) hasRetired = true
      } finally {
        this.unlock(slot)
      }
    })
    return hasRetired
  }

  private inherit(slot: number): void {
    const { words } = this
    Atomics.store(words, slot + VERSION, ((words[slot + VERSION] ?? 0) + 2) | 0)
    if (words[slot + WATCHERS] !== 0) this.companion.changed(slot)
  }

  private attempt<Result, Absent>(
    entry: Entry,
    work: Work<Result>,
    otherwise: () => Absent | Refusal,
  ): Result | Absent {
    for (let attempt = 0; attempt < ATTEMPTS_MAX; attempt += 1) {
      const result = this.locate(entry) ? this.tryChange(entry, work) : otherwise()
      if (result === MOVED) continue
      if (result !== NO_ROOM && result !== NO_SLOT) return result as Result | Absent
      const hasRetired = result === NO_ROOM && this.retireAll()
      // Others may take what was given back: every other time, something has to go as well.
      if (hasRetired && attempt % 2 === 0) continue
      if (!this.companion.makeRoom(entry.slot) && !hasRetired) break
    }
    const { slotsMax, storeBytes } = this.segment.layout
    throw new RunaError(
      'STORE_FULL',
      `The store has room for ${slotsMax} keys and ${storeBytes} bytes, and no more fits.`,
    )
  }

  private tryChange<Result>(entry: Entry, work: Work<Result>): Result | Refusal {
    const { words } = this
    const { slot, generation } = entry
    if (!this.use(slot)) {
      this.companion.expire(slot, generation)
      return MOVED
    }
    this.lock(slot)
    try {
      if (Atomics.load(words, slot + GENERATION) !== generation) return MOVED
      const version = words[slot + VERSION]
      const isWatched = words[slot + WATCHERS] !== 0
      if (isWatched) this.companion.changing(slot)
      const result = work(slot)
      // The work may have made it watched.
      if (words[slot + WATCHERS] !== 0 && words[slot + VERSION] !== version) this.companion.changed(slot)
      return result
    } finally {
      this.unlock(slot)
    }
  }

  private insert<Result>(entry: Entry, work: Work<Result>): Result | Refusal {
    return this.directory.exclusively(() => {
      if (this.directory.find(entry) >= 0) return MOVED
      const slot = this.directory.takeFree()
      if (slot < 0) return NO_SLOT
      this.lock(slot)
      try {
        return this.fill(slot, entry, work)
      } finally {
        this.unlock(slot)
      }
    })
  }

  private fill<Result>(slot: number, entry: Entry, work: Work<Result>): Result | Refusal {
    const { words } = this
    words.fill(0, slot + TYPE, slot + KEY)
    words[slot + HASH] = entry.hash
    words[slot + KEY_LENGTH] = entry.keyBytes.length
    words[slot + LENGTHS] = NO_VALUE
    words[slot + LENGTHS + 1] = NO_VALUE
    this.bytes.set(entry.keyBytes, (slot + KEY) * 4)
    const result = work(slot)
    if (result === NO_ROOM) {
      this.directory.free(slot)
      return result
    }
    this.companion.enroll(slot)
    if (words[slot + WATCHERS] !== 0) this.companion.changing(slot)
    entry.generation = this.directory.commit(slot)
    entry.slot = slot
    if (words[slot + WATCHERS] !== 0) this.companion.changed(slot)
    return result
  }
}
