/** One call that a process made. Moments may be of any clock that all of them share. */
export interface Operation<Call, Result> {
  readonly call: Call
  readonly invokedAt: number
  /** Infinity for one that never returned: it may have happened, or not. */
  readonly returnedAt: number
  /** When its process was dead for sure: after that, it has not happened any more. */
  readonly goneAt?: number
  /** Undefined for one that never returned. */
  readonly result?: Result
}

/** What the calls mean when one happens after the other. States are compared as text. */
export interface Meaning<Call, Result> {
  readonly initial: string
  /** Undefined where the call cannot have given this result; `result` is undefined where none is known. */
  apply(state: string, call: Call, result: Result | undefined): string | undefined
}

interface Node {
  /** Of the completed calls, in the order of their beginning: all before this one are placed. */
  readonly first: number
  /** Those after it that are placed too. */
  readonly ahead: readonly number[]
  /** Of the calls that never returned: which ones happened. */
  readonly unfinished: readonly number[]
  readonly state: string
}

/** Beyond so many steps, it gives up. */
const NODES_MAX = 2_000_000

/**
 * Whether the calls can be put into one order that keeps to real time and gives each its result. After Wing and Gong,
 * "Testing and verifying concurrent objects" (1993), with Lowe's memory of what has been tried. Throws
 * where there are too many orders to try.
 */
export function isLinearisable<Call, Result>(
  operations: readonly Operation<Call, Result>[],
  meaning: Meaning<Call, Result>,
): boolean {
  const byInvocation = [...operations].sort((a, b) => a.invokedAt - b.invokedAt)
  const completed = byInvocation.filter(({ returnedAt }) => returnedAt !== Number.POSITIVE_INFINITY)
  const unfinished = byInvocation.filter(({ returnedAt }) => returnedAt === Number.POSITIVE_INFINITY)
  const tried = new Set<string>()
  const open: Node[] = [{ first: 0, ahead: [], unfinished: [], state: meaning.initial }]
  for (let node = open.pop(); node; node = open.pop()) {
    if (node.first === completed.length) return true
    const latest = latestOf(node, completed)
    const relevant = node.unfinished.filter((index) => (unfinished[index]?.goneAt ?? latest) >= latest)
    const key = `${node.first}|${node.ahead.join()}|${relevant.join()}|${node.state}`
    if (tried.has(key)) continue
    if (tried.size >= NODES_MAX) throw new Error('There are more orders of these calls than can be tried.')
    tried.add(key)
    open.push(...nextUnfinished(node, unfinished, { from: latest, to: endOf(node, completed) }, meaning))
    open.push(...nextCompleted(node, completed, meaning))
  }
  return false
}

/** Until the first of the calls that are not placed has returned, any of them may be next. */
function endOf<Call, Result>({ first, ahead }: Node, completed: readonly Operation<Call, Result>[]): number {
  let end = Number.POSITIVE_INFINITY
  for (let index = first; index < completed.length; index += 1) {
    const { invokedAt, returnedAt } = completed[index] as Operation<Call, Result>
    if (invokedAt > end) break
    if (!ahead.includes(index)) end = Math.min(end, returnedAt)
  }
  return end
}

/** The next call happens after the beginning of each that is placed. */
function latestOf<Call, Result>(
  { first, ahead }: Node,
  completed: readonly Operation<Call, Result>[],
): number {
  const last = ahead[ahead.length - 1] ?? first - 1
  return completed[last]?.invokedAt ?? Number.NEGATIVE_INFINITY
}

function nextCompleted<Call, Result>(
  node: Node,
  completed: readonly Operation<Call, Result>[],
  meaning: Meaning<Call, Result>,
): Node[] {
  const end = endOf(node, completed)
  const next: Node[] = []
  for (let index = node.first; index < completed.length; index += 1) {
    const { invokedAt, call, result } = completed[index] as Operation<Call, Result>
    if (invokedAt > end) break
    if (node.ahead.includes(index)) continue
    const state = meaning.apply(node.state, call, result)
    if (state !== undefined) next.push({ ...place(node, index), unfinished: node.unfinished, state })
  }
  return next
}

function nextUnfinished<Call, Result>(
  node: Node,
  unfinished: readonly Operation<Call, Result>[],
  { from, to }: { readonly from: number; readonly to: number },
  meaning: Meaning<Call, Result>,
): Node[] {
  return unfinished.flatMap(({ invokedAt, call, goneAt = from }, index) => {
    if (invokedAt > to || goneAt < from || node.unfinished.includes(index)) return []
    const state = meaning.apply(node.state, call, undefined)
    if (state === undefined || state === node.state) return []
    return [{ ...node, unfinished: [...node.unfinished, index].sort((a, b) => a - b), state }]
  })
}

function place({ first, ahead }: Node, index: number): Pick<Node, 'first' | 'ahead'> {
  const placed = [...ahead, index].sort((a, b) => a - b)
  let next = first
  while (placed[0] === next) {
    placed.shift()
    next += 1
  }
  return { first: next, ahead: placed }
}
