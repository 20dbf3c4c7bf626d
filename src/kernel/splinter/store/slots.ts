import { RunaError } from '#protocol'
import type { OwnerLocks } from '../seat/owner-lock.ts'
import type { Segment } from '../segment/segment.ts'
import { type ChangeKind, type Companion, NO_COMPANION } from './companion.ts'
import { Directory } from './directory.ts'
import { type Entry, SlotReader } from './slot-reader.ts'
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

/** Of a change that finds no room which was just made, since others take it. */
const ATTEMPTS_MAX = 100
/** Of a change that others come before: each time one of them got something done. */
const LOST_RACES_MAX = 10_000

/**
 * Keys and what happens to them. A key comes and goes by one store of the slot's generation. Locks are taken in this
 * order: insertion, slot, arena; against it only by trying.
 */
export class Slots extends SlotReader {
  /** Who looks after lifetimes and watches. */
  companion: Companion = NO_COMPANION
  private readonly locks: OwnerLocks
  private readonly values: Values
  readonly directory: Directory

  constructor(segment: Segment, locks: OwnerLocks, values: Values) {
    super(segment)
    this.locks = locks
    this.values = values
    this.directory = new Directory(segment, locks, values)
  }

  /** Whether the entry knows where its key is. Looks for it where it does not. Waits for nobody. */
  locate(entry: Entry): boolean {
    return this.isLive(entry) || this.directory.find(entry) >= 0
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
   * STORE_FULL where no more fits, and BUS_BACKPRESSURE where others come before each of thousands of attempts.
   */
  change<Result>(entry: Entry, work: Work<Result>): Result {
    return this.attempt(entry, work, () => this.insert(entry, work))
  }

  /** The same for a key that is there already; undefined where it is not. */
  changeIfThere<Result>(entry: Entry, work: Work<Result>): Result | undefined {
    return this.attempt(entry, work, () => undefined)
  }

  /** Whether there was something to delete: false also where another one took it away first. */
  remove(entry: Entry): boolean {
    if (!this.locate(entry)) return false
    const { slot, generation } = entry
    // Whoever holds the slot is waited for here, not where all who insert would have to wait as well.
    this.waitFor(slot)
    if (!this.isGone(slot)) return this.removeIf(slot, generation, 'deleted', () => true)
    this.companion.expire(slot, generation)
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

  /** Makes index and free slots anew where they do not say what the slots say. */
  settle(): void {
    this.directory.exclusively(() => undefined)
  }

  /** Moves the version on for a holder that died, so that nobody takes a half-done change for what was before it. */
  lock(slot: number): void {
    if (this.locks.acquire(slot + LOCK)) this.inherit(slot)
  }

  /** Throws BUS_BACKPRESSURE where somebody who lives does not let go of it. */
  waitFor(slot: number): void {
    this.lock(slot)
    this.unlock(slot)
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

  /** Whether somebody who lives is at work on it, who may have been stopped. */
  isHeld(slot: number): boolean {
    if (Atomics.load(this.words, slot + LOCK) === 0) return false
    if (!this.tryLock(slot)) return true
    this.unlock(slot)
    return false
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
      const result = this.attemptOnce(entry, work, otherwise)
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

  /** Others may come before it as often as that is to be expected of chance. */
  private attemptOnce<Result, Absent>(
    entry: Entry,
    work: Work<Result>,
    otherwise: () => Absent | Refusal,
  ): Result | Absent | typeof NO_ROOM | typeof NO_SLOT {
    for (let race = 0; race < LOST_RACES_MAX; race += 1) {
      const result = this.locate(entry) ? this.tryChange(entry, work) : otherwise()
      if (result !== MOVED) return result
    }
    throw new RunaError('BUS_BACKPRESSURE', 'This key comes and goes too fast to be changed.')
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
    let failure: { readonly error: unknown } | undefined
    const result = this.directory.exclusively(() => {
      if (this.directory.find(entry) >= 0) return MOVED
      const slot = this.takeFree()
      if (slot < 0) return NO_SLOT
      try {
        return this.fill(slot, entry, (filling) => {
          try {
            return work(filling)
          } catch (error) {
            // It has changed nothing: index and free slots are as sound as where there is no room.
            failure = { error }
            return NO_ROOM
          }
        })
      } finally {
        this.unlock(slot)
      }
    })
    if (failure) throw failure.error
    return result
  }

  /** With its lock: one that somebody holds, who may have been stopped, only where there is no other. */
  private takeFree(): number {
    const slot = this.directory.takeFree((free) => this.tryLock(free))
    if (slot >= 0) return slot
    return this.directory.takeFree((free) => {
      this.lock(free)
      return true
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
