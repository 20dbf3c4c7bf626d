// Words of a ring's header. The state stands there twice, and the lowest bit of the version says which one holds: a
// writer prepares the other and switches by one store, so that a writer which dies leaves nothing half done.
export const LOCK = 0
const VERSION = 1
export const SPACE_WANTED = 2
const STATES = 16
const STATE_WORDS = 16
const HEAD = 0
const HEAD_SEQUENCE = 1
const TAIL = 2
const TAIL_SEQUENCE = 3
export const CURSORS = 48
export const CURSOR_WORDS = 16

export interface RingState {
  head: number
  headSequence: number
  tail: number
  tailSequence: number
}

export function emptyState(): RingState {
  return { head: 0, headSequence: 0, tail: 0, tailSequence: 0 }
}

/** A state that was whole at one instant: a writer touches the one that holds only after it has switched away. */
export function readState(words: Int32Array, header: number, into: RingState): void {
  for (;;) {
    const version = Atomics.load(words, header + VERSION)
    const base = header + STATES + (version & 1) * STATE_WORDS
    into.head = Atomics.load(words, base + HEAD)
    into.headSequence = Atomics.load(words, base + HEAD_SEQUENCE)
    into.tail = Atomics.load(words, base + TAIL)
    into.tailSequence = Atomics.load(words, base + TAIL_SEQUENCE)
    if (Atomics.load(words, header + VERSION) === version) return
  }
}

/** Switches to a new state. Only for the holder of the ring's lock. */
export function commitState(words: Int32Array, header: number, state: RingState): void {
  const version = Atomics.load(words, header + VERSION) + 1
  const base = header + STATES + (version & 1) * STATE_WORDS
  words[base + HEAD] = state.head
  words[base + HEAD_SEQUENCE] = state.headSequence
  words[base + TAIL] = state.tail
  words[base + TAIL_SEQUENCE] = state.tailSequence
  Atomics.store(words, header + VERSION, version)
}
