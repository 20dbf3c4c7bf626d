import type { Expression } from './expression.ts'
import type { Target } from './matcher.ts'

type ExpressionTarget = Extract<Target, { kind: 'expression' }>

/** An expression on its way along a text, from one possible beginning of a match. */
export class Run {
  readonly startUnit: number
  readonly target: ExpressionTarget
  /** Where the longest match so far ends; no match where it does not lie behind `startUnit`. */
  endUnit: number
  private positions: readonly number[] = []
  /** The expression could end before the next unit, if that does not continue a word. */
  private mayEnd = false

  constructor(target: ExpressionTarget, startUnit: number) {
    this.target = target
    this.startUnit = startUnit
    this.endUnit = startUnit
  }

  /** Returns false once nothing longer can match: `endUnit` is final then. Units come in order, from `startUnit`. */
  step(unit: number, byte: number, isWord: boolean): boolean {
    const { expression, word, bytesMax } = this.target
    if (this.mayEnd && !(word && isWord)) this.endUnit = unit
    if (unit - this.startUnit >= bytesMax) return false
    this.positions = advance(expression, unit === this.startUnit ? undefined : this.positions, byte)
    this.mayEnd = this.positions.some((position) => expression.accepting[position] === 1)
    return this.positions.length > 0
  }

  endOfText(unit: number): this {
    if (this.mayEnd) this.endUnit = unit
    return this
  }
}

export function startRun(target: ExpressionTarget, startUnit: number): Run {
  return new Run(target, startUnit)
}

/** The positions that `byte` leads to; `from` is undefined at the beginning. */
function advance(expression: Expression, from: readonly number[] | undefined, byte: number): number[] {
  const { sets, first, follow } = expression
  if (from === undefined) return first.filter((position) => sets[position]?.[byte] === 1)
  const reached: number[] = []
  for (const before of from) {
    for (const position of follow[before] ?? []) {
      if (sets[position]?.[byte] === 1 && !reached.includes(position)) reached.push(position)
    }
  }
  return reached
}
