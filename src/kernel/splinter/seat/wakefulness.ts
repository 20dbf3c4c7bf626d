import { createRestlessness, RESTLESS_MS } from '#kernel/sys'

/**
 * Empty turns of the event loop before it sleeps. Few at first: a bell makes the kernel put the woken process on the core of
 * the one that rang, so whoever goes on spinning there keeps the answer from being made (measured: a bare message there and
 * back took 9 µs with 1, 15 µs with 4; a call 34 µs with up to 24, 130 µs with 64, 500 µs with 200).
 */
const IDLE_TURNS = 1
/** And while what comes comes sooner than that, so that both have cores of their own: about 50 µs. */
const AWAKE_TURNS = 32

/** Decides, turn for turn, whether a loop without work had better sleep. */
export interface Wakefulness {
  /** There was work. */
  found(): void
  /** There was none: whether to look again. */
  looksAgain(): boolean
}

/** Asleep soon, unless sleeping is what takes the time. Staying awake in vain halves how long it is tried again. */
export function createWakefulness(clock: () => number = () => performance.now()): Wakefulness {
  const isRestless = createRestlessness(clock)
  let idleTurns = 0
  let idleTurnsMax = IDLE_TURNS
  let awakeUntilMs = 0
  return {
    found() {
      if (idleTurns > IDLE_TURNS) idleTurnsMax = AWAKE_TURNS
      idleTurns = 0
      awakeUntilMs = 0
    },
    looksAgain() {
      idleTurns += 1
      if (idleTurns <= idleTurnsMax) return true
      if (awakeUntilMs > 0) {
        if (clock() < awakeUntilMs) return true
      } else if (isRestless()) {
        awakeUntilMs = clock() + RESTLESS_MS
        return true
      }
      awakeUntilMs = 0
      idleTurns = 0
      idleTurnsMax = Math.max(IDLE_TURNS, idleTurnsMax >> 1)
      return false
    },
  }
}
