/** What a storm of faults left behind. All but `faults` should be 0, or `found` true where a fault was planted. */
export interface TortureRow {
  readonly case: string
  /** Processes that were killed. */
  readonly faults: number
  /** Acknowledged, and then not there. */
  readonly lost: number
  /** There, but not whole. */
  readonly torn: number
  /** Times that a survivor could not go on. */
  readonly wedged: number
  readonly [count: string]: number | string | boolean
}

export interface TortureOptions {
  readonly faults: number
  /** Uniform in [0, 1), the same for the same seed. */
  readonly random: () => number
}

/** mulberry32, by Tommy Ettinger: small, and good enough to choose moments. */
export function createRandom(seed: number): () => number {
  let state = seed >>> 0
  return () => {
    state = (state + 0x6d2b_79f5) >>> 0
    let mixed = Math.imul(state ^ (state >>> 15), state | 1)
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61)
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32
  }
}
