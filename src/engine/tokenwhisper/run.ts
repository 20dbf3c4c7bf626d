import type { ExpressionState } from './expression-state.ts'
import type { Target } from './matcher.ts'

type ExpressionTarget = Extract<Target, { kind: 'expression' }>

/** An expression on its way along a text, from one possible beginning of a match. */
export class Run {
  readonly startUnit: number
  readonly target: ExpressionTarget
  /** Where the longest match so far ends; no match where it does not lie behind `startUnit`. */
  endUnit: number
  private state: ExpressionState
  /** The expression could end before the next unit, if that does not continue a word. */
  private mayEnd = false

  constructor(target: ExpressionTarget, startUnit: number) {
    this.target = target
    this.startUnit = startUnit
    this.endUnit = startUnit
    this.state = target.expression.stepper.start
  }

  /** Returns false once nothing longer can match: `endUnit` is final then. Units come in order, from `startUnit`. */
  step(unit: number, byte: number, isWord: boolean): boolean {
    const { expression, word, bytesMax } = this.target
    if (this.mayEnd && !(word && isWord)) this.endUnit = unit
    if (unit - this.startUnit >= bytesMax) return false
    this.state = expression.stepper.step(this.state, byte)
    this.mayEnd = this.state.isAccepting
    return this.state.positions.length > 0
  }

  endOfText(unit: number): this {
    if (this.mayEnd) this.endUnit = unit
    return this
  }
}
