import { availableParallelism } from 'node:os'

/** Together about 10 µs: longer than an answer takes that is on its way, shorter than the kernel takes to wake a sleeper. */
const LOOKS_MAX = availableParallelism() > 1 ? 128 : 0
/** Between two looks. Each takes the line of the cache from whoever is about to bring something. */
const PAUSE_TURNS = 100
/** Spinning that failed is tried in full again after so many more. */
const RETRIED_EVERY = 16
/** Written so that the turns of a pause are not left out. */
const pause = new Int32Array(1)

/** So many sleeps, where ten of them take no more than a millisecond, and staying awake for that long is worth a try. */
const SLEEPS_MIN = 250
/** Each try without success asks for twice as many: a core that has other things to do loses a twentieth to that. */
const SLEEPS_MAX = 32_000
const SLEEPS_EACH_MS = 10
export const RESTLESS_MS = LOOKS_MAX > 0 ? 5 : 0

const now = () => performance.now()

/**
 * Says, each time that somebody is about to sleep, whether it falls asleep and is woken so often that it had better stay
 * awake for RESTLESS_MS. A kernel tends to wake a sleeper on the core of the one that wakes it, and there each waits for the
 * other for ever, while another core has nothing to do. Two that both want to run for longer than a tick it moves apart.
 */
export function createRestlessness(clock: () => number = now): () => boolean {
  let sleeps = 0
  let sleepsWanted = SLEEPS_MIN
  let sinceMs = clock()
  return () => {
    sleeps += 1
    if (sleeps < sleepsWanted) return false
    const nowMs = clock()
    const isRestless = (nowMs - sinceMs) * SLEEPS_EACH_MS < sleeps
    sleepsWanted = isRestless ? Math.min(SLEEPS_MAX, sleepsWanted * 2) : SLEEPS_MIN
    sleeps = 0
    sinceMs = nowMs
    return isRestless && RESTLESS_MS > 0
  }
}

type Spin = (isThere: () => boolean) => boolean

/**
 * Looks for something a while without sleeping. Half as long after it was in vain: then the one who is to bring it may be
 * waiting for this very core. On a single core that is always so, and it looks but once.
 */
export function createSpin(): Spin {
  const isRestless = createRestlessness()
  let looks = LOOKS_MAX
  let failures = 0

  function lookAround(isThere: () => boolean, times: number): boolean {
    for (let look = 0; look < times; look += 1) {
      if (isThere()) {
        looks = LOOKS_MAX
        return true
      }
      for (let turn = 0; turn < PAUSE_TURNS; turn += 1) pause[0] = turn
    }
    return false
  }

  return (isThere) => {
    if (lookAround(isThere, looks)) return true
    if (isRestless()) {
      const endMs = performance.now() + RESTLESS_MS
      while (performance.now() < endMs) if (lookAround(isThere, LOOKS_MAX)) return true
    }
    failures += 1
    looks = failures % RETRIED_EVERY === 0 ? LOOKS_MAX : looks >> 1
    return isThere()
  }
}
