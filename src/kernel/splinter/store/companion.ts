export type ChangeKind = 'set' | 'deleted' | 'expired' | 'evicted'

/**
 * What the store asks of those who stand beside it: lifetimes, watches, and what happens when it is full. Each is called
 * under the lock of the slot, unless said otherwise.
 */
export interface Companion {
  /** Whether what the slot holds is past its time. Without a lock, and only where the slot has a lifetime. */
  isGone(slot: number): boolean
  /** The slot has changed, or its last writer died amid a change. Only where somebody watches it. */
  changed(slot: number, what: ChangeKind): void
  /** A key is coming to the slot: nobody finds it yet. */
  inserted(slot: number): void
  /** Lets go of something, so that more fits. False where there is nothing to let go of. Without a lock. */
  makeRoom(): boolean
}

/** Keeps everything, watches nothing. */
export const NO_COMPANION: Companion = {
  isGone: () => false,
  changed: () => {},
  inserted: () => {},
  makeRoom: () => false,
}
