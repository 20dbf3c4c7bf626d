import { RunaError } from '#protocol'
import { createStepper, type PositionAutomaton, type Stepper } from './expression-state.ts'
import { parseExpression, type Syntax } from './expression-syntax.ts'

const POSITIONS_MAX = 4_096
const FOLLOWS_MAX = 65_536
const PREFIXES_MAX = 64
const PREFIX_BYTES_MAX = 16
const PREFIX_BYTES_MIN = 2

/** Runs along a text byte by byte, remembers nothing else, and takes linear time whatever the text: no back-tracking. */
export interface Expression {
  readonly stepper: Stepper
  /** How many bytes it has with its repetitions written out. */
  readonly size: number
  /** All of one length; each match begins with one of them, if case is ignored. */
  readonly prefixes: readonly string[]
}

interface Fragment {
  readonly nullable: boolean
  readonly first: readonly number[]
  readonly last: readonly number[]
}

const EMPTY: Fragment = { nullable: true, first: [], last: [] }

/** Throws POLICY_INVALID, which says what is wrong with the expression, and where. */
export function compileExpression(source: string, ignoreCase: boolean): Expression {
  const builder = new Builder()
  const whole = builder.build(parseExpression(source, ignoreCase))
  if (whole.nullable) throw new RunaError('POLICY_INVALID', 'the expression matches nothing at all')
  const accepting = new Uint8Array(builder.sets.length)
  for (const position of whole.last) accepting[position] = 1
  const follow = builder.follow.map((next) => [...next])
  const automaton = { sets: builder.sets, first: whole.first, follow, accepting }
  return {
    stepper: createStepper(automaton),
    size: automaton.sets.length,
    prefixes: findPrefixes(automaton),
  }
}

class Builder {
  readonly sets: Uint8Array[] = []
  readonly follow: Set<number>[] = []
  private follows = 0

  build(syntax: Syntax): Fragment {
    if (syntax.kind === 'byte') return this.addPosition(syntax.set)
    if (syntax.kind === 'sequence') {
      return syntax.parts.reduce<Fragment>((before, part) => this.join(before, this.build(part)), EMPTY)
    }
    if (syntax.kind === 'choice') {
      const choices = syntax.parts.map((part) => this.build(part))
      return {
        nullable: choices.some((choice) => choice.nullable),
        first: choices.flatMap((choice) => choice.first),
        last: choices.flatMap((choice) => choice.last),
      }
    }
    return this.repeat(syntax.part, syntax.min, syntax.max)
  }

  /** `x{2,4}` is laid out as `xx(x(x)?)?`, which needs fewer arrows than `xxx?x?`. */
  private repeat(part: Syntax, min: number, max: number): Fragment {
    let whole = EMPTY
    if (max === Number.POSITIVE_INFINITY) {
      const copies = Array.from({ length: Math.max(min, 1) }, () => this.build(part))
      const loop = copies.at(-1) as Fragment
      this.connect(loop.last, loop.first)
      whole = min === 0 ? { ...loop, nullable: true } : loop
      for (const copy of copies.slice(0, -1).reverse()) whole = this.join(copy, whole)
      return whole
    }
    for (let index = max; index > 0; index -= 1) {
      const joined = this.join(this.build(part), whole)
      whole = index > min ? { ...joined, nullable: true } : joined
    }
    return whole
  }

  private join(before: Fragment, after: Fragment): Fragment {
    this.connect(before.last, after.first)
    return {
      nullable: before.nullable && after.nullable,
      first: before.nullable ? [...before.first, ...after.first] : before.first,
      last: after.nullable ? [...after.last, ...before.last] : after.last,
    }
  }

  private connect(from: readonly number[], to: readonly number[]): void {
    this.follows += from.length * to.length
    if (this.follows > FOLLOWS_MAX) throw tooLarge()
    for (const position of from) for (const next of to) this.follow[position]?.add(next)
  }

  private addPosition(set: Uint8Array): Fragment {
    const position = this.sets.length
    if (position === POSITIONS_MAX) throw tooLarge()
    this.sets.push(set)
    this.follow.push(new Set())
    return { nullable: false, first: [position], last: [position] }
  }
}

function tooLarge(): RunaError {
  const message = `the expression is too large: with its repetitions written out, at most ${POSITIONS_MAX} bytes`
  return new RunaError('POLICY_INVALID', `${message} are allowed; use + or {n,} with bytesMax`)
}

/**
 * The longest set of fixed beginnings, all of one length, that is small enough for the automaton which looks for all
 * patterns at once. Without one, the expression would have to be tried at each byte of the text.
 */
function findPrefixes(automaton: PositionAutomaton): string[] {
  let level = new Map<string, readonly number[]>([['', []]])
  for (let length = 0; length < PREFIX_BYTES_MAX; length += 1) {
    const next = new Map<string, readonly number[]>()
    for (const [prefix, positions] of level) {
      const reachable =
        length === 0 ? automaton.first : positions.flatMap((position) => automaton.follow[position] ?? [])
      addStep(automaton, prefix, new Set(reachable), next)
      if (next.size > PREFIXES_MAX) return checkPrefixes(level)
    }
    level = next
    const ended = [...level.values()].flat().some((position) => automaton.accepting[position] === 1)
    if (ended) break
  }
  return checkPrefixes(level)
}

function addStep(
  automaton: PositionAutomaton,
  prefix: string,
  reachable: ReadonlySet<number>,
  next: Map<string, readonly number[]>,
): void {
  for (const position of reachable) {
    for (let byte = 0; byte < 256; byte += 1) {
      if (automaton.sets[position]?.[byte] !== 1) continue
      const longer = prefix + String.fromCharCode(byte).toLowerCase()
      next.set(longer, [...new Set([...(next.get(longer) ?? []), position])])
    }
  }
}

function checkPrefixes(level: ReadonlyMap<string, unknown>): string[] {
  const prefixes = [...level.keys()]
  if ((prefixes[0]?.length ?? 0) >= PREFIX_BYTES_MIN) return prefixes
  throw new RunaError(
    'POLICY_INVALID',
    `the expression must begin with at least ${PREFIX_BYTES_MIN} bytes that are fixed, or at most ${PREFIXES_MAX} such beginnings`,
  )
}
