import type { Decay } from './decay.ts'
import type { ValueType } from './store-words.ts'

/** Their places in this list stand in memory. */
export const CHANGE_KINDS = ['set', 'deleted', 'expired', 'evicted'] as const
export type ChangeKind = (typeof CHANGE_KINDS)[number]

/** What the writer of a value may say of it. */
export interface Lasting {
  /** What the value is, for whoever reads it: a name, against which nothing is checked. `integer` is for numbers alone. */
  readonly type?: ValueType
  /** After that time the key is gone. A value that is set without it does not end, whatever was said of the one before. */
  readonly timeToLiveMs?: number
  /** From now on the key fades unless it is used. */
  readonly decay?: Decay
}

/** How long a key lives. */
export interface Lifespan {
  /** Milliseconds since 1970; undefined where it does not end. */
  readonly expiresAt: number | undefined
  /** From 1 down to 0; undefined where it does not fade. */
  readonly strength: number | undefined
  readonly halfLifeMs: number | undefined
  /** The strength below which it is evicted. */
  readonly threshold: number | undefined
}

/**
 * What the store asks of those who stand beside it: lifetimes, watches, and what happens when it is full. Each is called
 * under the lock of the slot, unless said otherwise.
 */
export interface Companion {
  /** Whether what the slot holds is past its time. Without a lock, and only where the slot has a lifetime. */
  isGone(slot: number): boolean
  /** The same, for who reads the value: if it is there, it has been used. */
  use(slot: number): boolean
  /** Takes away a key that is past its time. Without a lock. */
  expire(slot: number, generation: number): void
  /** The slot has a new value: it does not end when the old one would have. */
  renew(slot: number): void
  /** Checks what was said of a value, and returns what is to be done to its slot; undefined for nothing. Without a lock. */
  prepare(lasting: Lasting): ((slot: number) => void) | undefined
  /** Without a lock. */
  describe(slot: number): Lifespan
  /** The slot may be about to change: should its writer die amid that, those who watch it look for themselves. */
  changing(slot: number): void
  /** The slot has changed, or its last writer died amid a change. Only where somebody watches it. */
  changed(slot: number): void
  /** A key is coming to the slot, which nobody finds yet, or has got labels: notes in the slot who watches it. */
  enroll(slot: number): void
  /** Lets go of something, so that more fits in the slot that asks. False where there is nothing. Without a lock. */
  makeRoom(askingSlot: number): boolean
}

/** Of a key that neither ends nor fades. */
export const LASTING: Lifespan = {
  expiresAt: undefined,
  strength: undefined,
  halfLifeMs: undefined,
  threshold: undefined,
}

/** Keeps everything, watches nothing. */
export const NO_COMPANION: Companion = {
  isGone: () => false,
  use: () => true,
  expire: () => {},
  renew: () => {},
  prepare: () => undefined,
  describe: () => LASTING,
  changing: () => {},
  changed: () => {},
  enroll: () => {},
  makeRoom: () => false,
}
