import { ENDS_HERE, STATE_MASK } from './automaton.ts'
import { FoldedText } from './folded-text.ts'
import type { Matcher, PlacedRule, Target } from './matcher.ts'
import { Run } from './run.ts'

/** What a rule found. Offsets are bytes of the text as it came. */
export interface Match {
  readonly placed: PlacedRule
  readonly start: number
  readonly end: number
}

interface PendingLiteral {
  readonly target: Target
  readonly startUnit: number
}

/**
 * Runs a matcher along a text, whatever pieces it comes in, and knows at each moment before which byte everything is
 * decided: no match that is still open, or still to come, begins below it.
 */
export class Scanner {
  readonly text = new FoldedText()
  private readonly matcher: Matcher
  private state = 0
  private scanned = 0
  /** Phrases that are complete up to here, but for the end of the word. */
  private pending: PendingLiteral[] = []
  private runs: Run[] = []
  private found: Match[] = []

  constructor(matcher: Matcher) {
    this.matcher = matcher
  }

  push(bytes: Uint8Array): void {
    this.text.append(bytes, false)
    this.scan()
  }

  end(): void {
    this.text.append(new Uint8Array(), true)
    this.scan()
    for (const pending of this.pending) this.report(pending.target, pending.startUnit, this.scanned)
    for (const run of this.runs) this.closeRun(run.endOfText(this.scanned))
    this.pending = []
    this.runs = []
    this.state = 0
  }

  /** The matches that nothing can come before any more, in no order, each of them once. */
  takeDecided(): Match[] {
    if (this.found.length === 0) return this.found
    const limit = this.decidedBytes()
    const decided = this.found.filter((match) => match.start < limit)
    if (decided.length > 0) this.found = this.found.filter((match) => match.start >= limit)
    return decided
  }

  /** No match that was not taken yet begins below this byte. */
  decidedBytes(): number {
    return this.text.startOf(this.openUnit())
  }

  /** Lets go of the text below `byte`, which is at most `decidedBytes()`. */
  forget(byte: number): void {
    this.text.forget(this.openUnit(), byte)
  }

  private scan(): void {
    const { transitions, columns } = this.matcher.automaton
    const { text } = this
    while (this.scanned < text.unitCount) {
      const unit = this.scanned
      const byte = text.unitAt(unit)
      if (this.pending.length > 0) this.settlePending(unit)
      if (this.runs.length > 0) this.stepRuns(unit, byte)
      const transition = transitions[this.state + (columns[byte] as number)] as number
      this.state = transition & STATE_MASK
      this.scanned = unit + 1
      if ((transition & ENDS_HERE) !== 0) this.openTargets(unit)
    }
  }

  private settlePending(unit: number): void {
    if (!this.text.isWordAt(unit)) {
      for (const { target, startUnit } of this.pending) this.report(target, startUnit, unit)
    }
    this.pending = []
  }

  private stepRuns(unit: number, byte: number): void {
    const isWord = this.text.isWordAt(unit)
    this.runs = this.runs.filter((run) => {
      if (run.step(unit, byte, isWord)) return true
      this.closeRun(run)
      return false
    })
  }

  private openTargets(unit: number): void {
    for (const key of this.matcher.automaton.keysAt(this.state)) {
      const target = this.matcher.targets[key] as Target
      const startUnit = unit + 1 - target.keyBytes
      if (target.word && startUnit > 0 && this.text.isWordAt(startUnit - 1)) continue
      if (target.kind === 'expression') {
        const run = new Run(target, startUnit)
        if (this.catchUp(run, unit)) this.runs.push(run)
      } else if (target.word) this.pending.push({ target, startUnit })
      else this.report(target, startUnit, unit + 1)
    }
  }

  /** Takes a new run through the key that announced it. It may fail there, since keys ignore case. */
  private catchUp(run: Run, unit: number): boolean {
    for (let known = run.startUnit; known <= unit; known += 1) {
      if (!run.step(known, this.text.unitAt(known), this.text.isWordAt(known))) return false
    }
    return true
  }

  private closeRun(run: Run): void {
    if (run.endUnit > run.startUnit) this.report(run.target, run.startUnit, run.endUnit)
  }

  private report(target: Target, startUnit: number, endUnit: number): void {
    const start = this.text.startOf(startUnit)
    this.found.push({ placed: target.placed, start, end: this.text.endOf(endUnit - 1) })
  }

  /** The first unit that an open match, or one that may have begun, could begin with. */
  private openUnit(): number {
    let unit = this.scanned - this.depthThatCounts()
    for (const { startUnit } of this.pending) unit = Math.min(unit, startUnit)
    for (const { startUnit } of this.runs) unit = Math.min(unit, startUnit)
    return unit
  }

  private depthThatCounts(): number {
    const { automaton } = this.matcher
    let { state } = this
    while (state !== 0) {
      const depth = automaton.depthOf(state)
      const before = this.scanned - depth - 1
      const isInsideWord = before >= 0 && automaton.isAtWordStart(state) && this.text.isWordAt(before)
      if (!isInsideWord && !automaton.isDeadEnd(state)) return depth
      state = automaton.shorter(state)
    }
    return 0
  }
}
