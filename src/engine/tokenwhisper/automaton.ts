import { RunaError } from '#protocol'

/** 32 MiB of transitions. */
const CELLS_MAX = 2 ** 23
/** In a transition: some key ends in the state that it leads to. */
export const ENDS_HERE = 2 ** 30
export const STATE_MASK = ENDS_HERE - 1

export interface Key {
  /** Bytes of normalised text, ASCII letters small; they are found whatever their case. */
  readonly bytes: Uint8Array
  /** It counts only where a word begins. */
  readonly atWordStart: boolean
}

/**
 * Finds all keys at once in one pass over the bytes: Aho and Corasick, "Efficient string matching" (1975), with the
 * failure links worked into a full table, and bytes that no key tells apart sharing a column. A state is the offset of
 * its row; 0 is the root.
 */
export interface Automaton {
  readonly transitions: Int32Array
  /** The column of each byte. */
  readonly columns: Uint8Array
  /** How many bytes before here belong to the longest beginning of a key. */
  depthOf(state: number): number
  /** The state for the next shorter beginning of a key. */
  shorter(state: number): number
  /** No key continues here, so what ends here can only be a whole match. */
  isDeadEnd(state: number): boolean
  /** All keys that begin so must begin a word. */
  isAtWordStart(state: number): boolean
  /** Numbers of the keys that end here. */
  keysAt(state: number): Iterable<number>
}

/** Throws POLICY_INVALID if the table would become too large. */
export function buildAutomaton(keys: readonly Key[]): Automaton {
  const { columns, columnCount } = layColumns(keys)
  const shift = Math.ceil(Math.log2(columnCount))
  const width = 2 ** shift
  const statesMax = 1 + keys.reduce((sum, key) => sum + key.bytes.length, 0)
  if (statesMax * width > CELLS_MAX) {
    throw new RunaError(
      'POLICY_INVALID',
      `the patterns need a table of up to ${statesMax * width} cells; ${CELLS_MAX} are allowed`,
    )
  }
  const transitions = new Int32Array(statesMax * width)
  const depths = new Uint16Array(statesMax)
  const anyPlace = new Uint8Array(statesMax)
  const hasChild = new Uint8Array(statesMax)
  const ending: number[][] = Array.from({ length: statesMax }, () => [])
  let stateCount = 1
  keys.forEach((key, number) => {
    let state = 0
    for (const byte of key.bytes) {
      const cell = state * width + (columns[byte] as number)
      if (transitions[cell] === 0) {
        depths[stateCount] = (depths[state] as number) + 1
        hasChild[state] = 1
        transitions[cell] = stateCount++
      }
      state = transitions[cell] as number
      if (!key.atWordStart) anyPlace[state] = 1
    }
    ending[state]?.push(number)
  })
  const failures = new Int32Array(stateCount)
  /** The next state along the failures in which a key ends. */
  const endings = new Int32Array(stateCount)
  link(transitions, width, failures, endings, ending)
  markEnds(transitions, shift, (state) => ending[state]?.length !== 0 || endings[state] !== 0)
  return {
    transitions: transitions.slice(0, stateCount * width),
    columns,
    depthOf: (row) => depths[row >> shift] as number,
    shorter: (row) => (failures[row >> shift] as number) << shift,
    isDeadEnd: (row) => hasChild[row >> shift] === 0,
    isAtWordStart: (row) => anyPlace[row >> shift] === 0,
    *keysAt(row) {
      for (let state = row >> shift; state !== 0; state = endings[state] as number) yield* ending[state] ?? []
    },
  }
}

/** Column 0 is for bytes that occur in no key. Small and capital letters share theirs. */
function layColumns(keys: readonly Key[]): { columns: Uint8Array; columnCount: number } {
  const columns = new Uint8Array(256)
  let columnCount = 1
  for (const key of keys) {
    for (const byte of key.bytes) if (columns[byte] === 0) columns[byte] = columnCount++
  }
  for (let small = 97; small <= 122; small += 1) columns[small - 32] = columns[small] as number
  return { columns, columnCount: Math.max(columnCount, 2) }
}

/** Breadth first, so that each state's failure is finished before the state itself. */
function link(
  transitions: Int32Array,
  width: number,
  failures: Int32Array,
  endings: Int32Array,
  ending: readonly (readonly number[])[],
): void {
  const queue: number[] = []
  for (let column = 0; column < width; column += 1) {
    const child = transitions[column] as number
    if (child !== 0) queue.push(child)
  }
  for (let head = 0; head < queue.length; head += 1) {
    const state = queue[head] as number
    const failure = failures[state] as number
    endings[state] = (ending[failure]?.length ?? 0) > 0 ? failure : (endings[failure] as number)
    for (let column = 0; column < width; column += 1) {
      const fallback = transitions[failure * width + column] as number
      const child = transitions[state * width + column] as number
      if (child === 0) {
        transitions[state * width + column] = fallback
      } else {
        failures[child] = fallback
        queue.push(child)
      }
    }
  }
}

function markEnds(transitions: Int32Array, shift: number, endsIn: (state: number) => boolean): void {
  for (let cell = 0; cell < transitions.length; cell += 1) {
    const state = transitions[cell] as number
    if (state !== 0) transitions[cell] = (state << shift) | (endsIn(state) ? ENDS_HERE : 0)
  }
}
