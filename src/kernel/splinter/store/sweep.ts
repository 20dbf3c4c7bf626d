import { RunaError } from '#protocol'
import type { Lifetimes } from './lifetimes.ts'
import type { StoreParts } from './parts.ts'
import {
  EVICTED,
  EXPIRED,
  GENERATION,
  LOCK,
  PLACES,
  SWEEP_LOCK,
  SWEEP_NEXT,
  slotAt,
  UNTOLD,
} from './store-words.ts'

/** What a timer of Node can wait for. */
const INTERVAL_MS_MAX = 2 ** 31 - 1

/** What one call of `sweep` let go of. */
export interface Swept {
  readonly expired: number
  readonly evicted: number
  readonly freedBlocks: number
}

/** Slots that one call looks at. The next call goes on after them, whoever makes it. */
const SWEEP_SLOTS_MAX = 16_384
/** A store that is full lets go of this part of its keys at once: finding the weakest takes a look at all. */
const MAKE_ROOM_PART = 1 / 128

type End = 'expired' | 'evicted'

/** Tells who wants to know that a key goes, under the lock of its slot. False where one who must hear of it has no room. */
export type TellEnd = (slot: number, generation: number, what: End) => boolean

/**
 * Lets go of keys that are past their time, and of those that have faded. One process at a time; where that is killed, the
 * next call goes on. A key may be announced twice then, never not at all.
 */
export class Sweeper {
  private readonly parts: StoreParts
  private readonly lifetimes: Lifetimes
  private readonly tell: TellEnd
  private readonly head: number

  constructor(parts: StoreParts, lifetimes: Lifetimes, tell: TellEnd) {
    this.parts = parts
    this.lifetimes = lifetimes
    this.tell = tell
    this.head = parts.segment.layout.storeHead / 4
  }

  sweep(): Swept {
    const { head } = this
    const { locks, slots, segment } = this.parts
    const { words, layout } = segment
    const swept = { expired: 0, evicted: 0, freedBlocks: 0 }
    if (locks.tryAcquire(head + SWEEP_LOCK) === false) return swept
    try {
      slots.directory.mend()
      const first = Math.max(0, words[head + SWEEP_NEXT] ?? 0)
      for (let step = 0; step < Math.min(SWEEP_SLOTS_MAX, layout.slotsMax); step += 1) {
        const index = (first + step) % layout.slotsMax
        this.visit(slotAt(layout, index), swept)
        Atomics.store(words, head + SWEEP_NEXT, index + 1)
      }
    } finally {
      locks.release(head + SWEEP_LOCK)
    }
    return swept
  }

  /** Whoever writes to such a key does not wait for those who want to hear that it was past its time. */
  expireNow(slot: number, generation: number): void {
    this.parts.slots.waitFor(slot)
    this.end(slot, generation, 'expired', () => {
      const isDue = this.lifetimes.isExpired(slot)
      if (isDue) this.isTold(slot, generation, 'expired')
      return isDue
    })
  }

  /** Lets go of what is past its time; where there is nothing, and the bus was made so, of the weakest. */
  makeRoom(askingSlot: number): boolean {
    let hasRoom = false
    this.parts.slots.each((slot, generation) => {
      if (this.lifetimes.isExpired(slot) && this.expire(slot, generation) !== undefined) hasRoom = true
    })
    return hasRoom || (this.parts.segment.layout.whenFull === 'evict' && this.evictWeakest(askingSlot))
  }

  private visit(slot: number, swept: { expired: number; evicted: number; freedBlocks: number }): void {
    const { slots, segment } = this.parts
    // Who died with the lock left something half done: taking it makes that good.
    if (Atomics.load(segment.words, slot + LOCK) !== 0 && slots.tryLock(slot)) slots.unlock(slot)
    const generation = Atomics.load(segment.words, slot + GENERATION)
    if (generation === 0 || !this.lifetimes.has(slot)) return
    const isExpired = this.lifetimes.isExpired(slot)
    if (!isExpired && !this.lifetimes.isWeak(slot)) return
    const freed = isExpired
      ? this.expire(slot, generation)
      : this.evict(slot, generation, () => this.lifetimes.isWeak(slot))
    if (freed === undefined) return
    swept[isExpired ? 'expired' : 'evicted'] += 1
    swept.freedBlocks += freed
  }

  private evictWeakest(askingSlot: number): boolean {
    const { slots, segment } = this.parts
    const fading: { slot: number; generation: number; strength: number }[] = []
    slots.each((slot, generation) => {
      const { strength } = this.lifetimes.describe(slot)
      if (strength !== undefined && slot !== askingSlot) fading.push({ slot, generation, strength })
    })
    fading.sort((left, right) => left.strength - right.strength)
    const weakest = fading.slice(0, Math.ceil(segment.layout.slotsMax * MAKE_ROOM_PART))
    const evicted = weakest.filter(
      ({ slot, generation }) => this.evict(slot, generation, () => true) !== undefined,
    )
    return evicted.length > 0
  }

  private expire(slot: number, generation: number): number | undefined {
    return this.end(
      slot,
      generation,
      'expired',
      () => this.lifetimes.isExpired(slot) && this.isTold(slot, generation, 'expired'),
    )
  }

  private evict(slot: number, generation: number, isDue: () => boolean): number | undefined {
    return this.end(slot, generation, 'evicted', () => isDue() && this.isTold(slot, generation, 'evicted'))
  }

  /** Returns how many blocks that freed; undefined where the key stays. */
  private end(slot: number, generation: number, what: End, isDue: () => boolean): number | undefined {
    const { words } = this.parts.segment
    // Whoever holds it may have been stopped: it is not waited for with the lock that all who insert need.
    if (this.parts.slots.isHeld(slot)) return undefined
    let blocks = 0
    const hasEnded = this.parts.slots.removeIf(slot, generation, what, () => {
      blocks = [0, 1].filter((side) => words[slot + PLACES + side] !== 0).length
      return isDue()
    })
    if (!hasEnded) return undefined
    this.count(what === 'expired' ? EXPIRED : EVICTED)
    return blocks
  }

  private isTold(slot: number, generation: number, what: End): boolean {
    const isTold = this.tell(slot, generation, what)
    if (!isTold) this.count(UNTOLD)
    return isTold
  }

  private count(figure: number): void {
    Atomics.add(this.parts.segment.words, this.head + figure, 1)
  }
}

/** Throws BAD_INPUT for what no timer waits for. */
export function checkInterval(intervalMs: number | undefined): void {
  if (intervalMs === undefined || (intervalMs >= 1 && intervalMs <= INTERVAL_MS_MAX)) return
  throw new RunaError(
    'BAD_INPUT',
    `A store is swept every 1 to ${INTERVAL_MS_MAX} ms, not every ${intervalMs}.`,
  )
}

/** Sweeps from time to time. What another process holds up is left to the next time. */
export function sweepEvery(intervalMs: number, sweep: () => void): () => void {
  const timer = setInterval(() => {
    try {
      sweep()
    } catch (error) {
      if (!(error instanceof RunaError)) throw error
    }
  }, intervalMs)
  timer.unref()
  return () => clearInterval(timer)
}
