/** States beyond this number are worked out anew each time, so that a text cannot make the memory grow. */
const STATES_MAX = 4_096

/**
 * A regular expression as a position automaton (Glushkov, "The abstract theory of automata", 1961): each position is
 * one byte of the expression, and `follow` lists which positions may come next.
 */
export interface PositionAutomaton {
  /** For each position, 256 flags. */
  readonly sets: readonly Uint8Array[]
  readonly first: readonly number[]
  readonly follow: readonly (readonly number[])[]
  /** One flag for each position. */
  readonly accepting: Uint8Array
}

/** The set of positions that an expression has reached; where it is empty, nothing can match any more. */
export interface ExpressionState {
  readonly positions: readonly number[]
  /** A match may end here. */
  readonly isAccepting: boolean
  /** By column of the next byte; filled in as texts ask for it. */
  readonly next: (ExpressionState | undefined)[]
}

export interface Stepper {
  readonly start: ExpressionState
  step(state: ExpressionState, byte: number): ExpressionState
}

/** Turns sets of positions into states as they are met: a deterministic automaton, made lazily. */
export function createStepper(automaton: PositionAutomaton): Stepper {
  const { columns, columnCount } = layColumns(automaton.sets)
  const states = new Map<string, ExpressionState>()
  const makeState = (positions: readonly number[]): ExpressionState => ({
    positions,
    isAccepting: positions.some((position) => automaton.accepting[position] === 1),
    next: new Array<ExpressionState | undefined>(columnCount),
  })
  const start = makeState([])
  function findNext(state: ExpressionState, byte: number): ExpressionState {
    const reachable =
      state === start
        ? automaton.first
        : state.positions.flatMap((position) => automaton.follow[position] ?? [])
    const reached = [...new Set(reachable)].filter((position) => automaton.sets[position]?.[byte] === 1)
    const key = reached.sort((left, right) => left - right).join()
    const known = states.get(key)
    if (known) return known
    const made = makeState(reached)
    if (states.size < STATES_MAX) states.set(key, made)
    return made
  }
  return {
    start,
    step(state, byte) {
      const column = columns[byte] as number
      const known = state.next[column]
      if (known) return known
      const next = findNext(state, byte)
      if (states.size < STATES_MAX) state.next[column] = next
      return next
    },
  }
}

/** Bytes that no position tells apart share a column. */
function layColumns(sets: readonly Uint8Array[]): { columns: Uint8Array; columnCount: number } {
  const distinct = [...new Map(sets.map((set) => [set.join(''), set])).values()]
  const columnOf = new Map<string, number>()
  const columns = Uint8Array.from({ length: 256 }, (_, byte) => {
    const key = distinct.map((set) => set[byte]).join('')
    const column = columnOf.get(key) ?? columnOf.size
    columnOf.set(key, column)
    return column
  })
  return { columns, columnCount: columnOf.size }
}
