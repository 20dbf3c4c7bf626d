import type { Segment } from '../segment/segment.ts'
import { LASTING, type Lifespan } from './companion.ts'
import { type Decay, isWeak, isWorthNoting, strengthAfter } from './decay.ts'
import { EXPIRES_AT, HALF_LIFE_MS, HAS_LIFETIME, THRESHOLD, TOUCHED_AT, TYPE } from './store-words.ts'

/** How long the key of a slot lives, as its words say. Changes only under the lock of the slot; uses need none. */
export class Lifetimes {
  private readonly words: Int32Array
  private readonly floats: Float64Array
  /** Milliseconds since 1970. */
  readonly nowMs: () => number

  constructor({ words, floats }: Pick<Segment, 'words' | 'floats'>, nowMs: () => number) {
    this.words = words
    this.floats = floats
    this.nowMs = nowMs
  }

  has(slot: number): boolean {
    return ((this.words[slot + TYPE] ?? 0) & HAS_LIFETIME) !== 0
  }

  /** Damaged memory may hold what is no number: then it never expires. */
  isExpired(slot: number, now = this.nowMs()): boolean {
    const at = this.read(slot, EXPIRES_AT)
    return this.has(slot) && at !== 0 && now >= at
  }

  isWeak(slot: number, now = this.nowMs()): boolean {
    const halfLifeMs = this.read(slot, HALF_LIFE_MS)
    if (!this.has(slot) || halfLifeMs === 0) return false
    return isWeak(now - this.read(slot, TOUCHED_AT), { halfLifeMs, threshold: this.read(slot, THRESHOLD) })
  }

  describe(slot: number): Lifespan {
    if (!this.has(slot)) return LASTING
    const halfLifeMs = this.read(slot, HALF_LIFE_MS)
    const strength = strengthAfter(this.nowMs() - this.read(slot, TOUCHED_AT), halfLifeMs)
    return {
      expiresAt: this.read(slot, EXPIRES_AT) || undefined,
      strength: halfLifeMs === 0 ? undefined : strength,
      halfLifeMs: halfLifeMs || undefined,
      threshold: halfLifeMs === 0 ? undefined : this.read(slot, THRESHOLD),
    }
  }

  /**
   * False where the key is past its time. Else it has been used, which is noted once that is worth a store: one word, so
   * that readers need no lock. A slot that meanwhile went to another key has that one used, which does no harm.
   */
  use(slot: number): boolean {
    const now = this.nowMs()
    if (this.isExpired(slot, now)) return false
    const halfLifeMs = this.read(slot, HALF_LIFE_MS)
    if (halfLifeMs !== 0 && isWorthNoting(now - this.read(slot, TOUCHED_AT), halfLifeMs))
      this.touch(slot, now)
    return true
  }

  touch(slot: number, now = this.nowMs()): void {
    this.write(slot, TOUCHED_AT, now)
  }

  /** Undefined: it stays. */
  expireAfter(slot: number, lastsMs: number | undefined): void {
    this.write(slot, EXPIRES_AT, lastsMs === undefined ? 0 : this.nowMs() + lastsMs)
    this.flag(slot)
  }

  /** There is a new value, which lasts as long as is said, and not as long as the old one would have. It counts as a use. */
  renew(slot: number, lastsMs: number | undefined): void {
    this.expireAfter(slot, lastsMs)
    this.touch(slot)
  }

  /** A key that begins to fade has its whole strength. */
  decay(slot: number, decay: Decay | undefined): void {
    this.touch(slot)
    this.write(slot, THRESHOLD, decay?.threshold ?? 0)
    this.write(slot, HALF_LIFE_MS, decay?.halfLifeMs ?? 0)
    this.flag(slot)
  }

  /** So that who reads a key that neither expires nor fades looks at no clock. */
  private flag(slot: number): void {
    const hasLifetime = this.read(slot, EXPIRES_AT) !== 0 || this.read(slot, HALF_LIFE_MS) !== 0
    const type = (this.words[slot + TYPE] ?? 0) & ~HAS_LIFETIME
    Atomics.store(this.words, slot + TYPE, type | (hasLifetime ? HAS_LIFETIME : 0))
  }

  private read(slot: number, field: number): number {
    return this.floats[(slot + field) >> 1] ?? 0
  }

  private write(slot: number, field: number, value: number): void {
    this.floats[(slot + field) >> 1] = value
  }
}
