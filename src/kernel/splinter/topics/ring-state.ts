// Words of a ring's header. The state stands there twice, and the lowest bit of the version says which one holds: a
// writer prepares the other and switches by one store, so that a writer which dies leaves nothing half done. What a
// writer and a reader touch for each record stands in one line of the cache.
import { fence } from '../segment/fence.ts'

export const LOCK = 0
const VERSION = 1
/** Grows whenever a consumer joins or leaves. */
export const JOINS = 2
/** Of a lossy ring: records before this sequence may be written over at this very moment. */
export const FORGOTTEN = 3
const STATES = 4
const STATE_WORDS = 4
const HEAD = 0
const HEAD_SEQUENCE = 1
const TAIL = 2
const TAIL_SEQUENCE = 3
export interface RingState {
  version: number
  /** Where the next record will stand, and its sequence. */
  head: number
  headSequence: number
  /** The oldest record that is still there. */
  tail: number
  tailSequence: number
}

export function emptyState(): RingState {
  return { version: 0, head: 0, headSequence: 0, tail: 0, tailSequence: 0 }
}

export function readVersion(words: Int32Array, header: number): number {
  return Atomics.load(words, header + VERSION)
}

/** A state that was whole at one instant: a writer touches the one that holds only after it has switched away. */
export function readState(words: Int32Array, header: number, into: RingState): void {
  for (;;) {
    const version = Atomics.load(words, header + VERSION)
    const base = header + STATES + (version & 1) * STATE_WORDS
    into.version = version
    into.head = Atomics.load(words, base + HEAD)
    into.headSequence = Atomics.load(words, base + HEAD_SEQUENCE)
    into.tail = Atomics.load(words, base + TAIL)
    into.tailSequence = Atomics.load(words, base + TAIL_SEQUENCE)
    if (Atomics.load(words, header + VERSION) === version) return
  }
}

/** Switches to a new state. Only for the holder of the ring's lock. */
export function commitState(words: Int32Array, header: number, state: RingState): void {
  const version = (state.version + 1) | 0
  const base = header + STATES + (version & 1) * STATE_WORDS
  // After the last switch, by which readers left this side.
  fence()
  words[base + HEAD] = state.head
  words[base + HEAD_SEQUENCE] = state.headSequence
  words[base + TAIL] = state.tail
  words[base + TAIL_SEQUENCE] = state.tailSequence
  Atomics.store(words, header + VERSION, version)
  state.version = version
}
