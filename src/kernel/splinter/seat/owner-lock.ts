import { RunaError } from '#protocol'

/** Tries before a look at the holder: far longer than any critical section takes on a core of its own. */
const SPINS = 200
const PAUSE_MS = 0.05
const PAUSE_MS_MAX = 2
/** A holder that lives and does not let go for so long has been stopped, or hangs. */
const PATIENCE_MS = 1_000

/** Who an owner is and whether it lives: stamps are never used twice. */
export interface Ownership {
  readonly stamp: number
  isAlive(stamp: number): boolean
}

/**
 * Locks in shared memory, one word each: 0, or the stamp of the holder. A lock whose holder is dead is taken over,
 * so whatever it guards must be sound at every instant: prepared aside, then switched to by one store.
 */
export interface OwnerLocks {
  /** What this owner writes into a lock; 0 once it has left. */
  readonly stamp: number
  /** True where the last holder died with it. Throws BUS_BACKPRESSURE when a living holder keeps it for seconds. */
  acquire(word: number): boolean
  /** Waits for nobody: false where somebody living holds it. `inherited` where the last holder died with it. */
  tryAcquire(word: number): false | 'free' | 'inherited'
  release(word: number): void
  /** This owner leaves: from now on taking a lock throws SERVICE_LOST, since nobody would take its locks for held. */
  retire(): void
}

export function createOwnerLocks(words: Int32Array, { stamp, isAlive }: Ownership): OwnerLocks {
  const pause = new Int32Array(new SharedArrayBuffer(4))
  let ownStamp = stamp

  function refuseIfRetired(): void {
    if (ownStamp === 0) throw new RunaError('SERVICE_LOST', 'This process has left the bus.')
  }

  function takeOver(word: number): boolean {
    const holder = Atomics.load(words, word)
    if (holder === 0 || isAlive(holder)) return false
    return Atomics.compareExchange(words, word, holder, stamp) === holder
  }

  function waitFor(word: number): boolean {
    const startedMs = performance.now()
    let pauseMs = PAUSE_MS
    for (;;) {
      for (let spin = 0; spin < SPINS; spin += 1) {
        if (Atomics.compareExchange(words, word, 0, stamp) === 0) return false
      }
      if (takeOver(word)) return true
      if (performance.now() - startedMs > PATIENCE_MS) {
        throw new RunaError(
          'BUS_BACKPRESSURE',
          'Another process holds a part of the bus and does not let go.',
        )
      }
      // The holder may share this core: let it run.
      Atomics.wait(pause, 0, 0, pauseMs)
      pauseMs = Math.min(PAUSE_MS_MAX, pauseMs * 2)
    }
  }

  return {
    get stamp() {
      return ownStamp
    },
    acquire(word) {
      refuseIfRetired()
      return Atomics.compareExchange(words, word, 0, stamp) !== 0 && waitFor(word)
    },
    tryAcquire(word) {
      refuseIfRetired()
      if (Atomics.compareExchange(words, word, 0, stamp) === 0) return 'free'
      return takeOver(word) && 'inherited'
    },
    release: (word) => void Atomics.compareExchange(words, word, stamp, 0),
    retire() {
      ownStamp = 0
    },
  }
}
