import { type Automaton, buildAutomaton, type Key } from './automaton.ts'
import { compileExpression, type Expression } from './expression.ts'
import { foldCodePoint } from './fold.ts'
import { appliesTo, type Pattern, type Policy, type Rule } from './policy.ts'
import type { Direction } from './verdict.ts'

/** A rule, and the policy that it comes from. Their order in a matcher decides ties. */
export interface PlacedRule {
  readonly policy: Policy
  readonly rule: Rule
  readonly order: number
}

interface TargetBase {
  readonly placed: PlacedRule
  readonly word: boolean
  /** Bytes of the key that announces it. */
  readonly keyBytes: number
}

/** What a key of the automaton stands for: a whole phrase, or the beginning of an expression. */
export type Target =
  | (TargetBase & { readonly kind: 'literal' })
  | (TargetBase & { readonly kind: 'expression'; readonly expression: Expression; readonly bytesMax: number })

/** All rules of one direction, ready to run along a text. */
export interface Matcher {
  readonly direction: Direction
  readonly automaton: Automaton
  /** By the number of the key. */
  readonly targets: readonly Target[]
  /** The longest match that there can be, which is the most that is held back, in normalised bytes. */
  readonly matchBytesMax: number
}

/** Throws POLICY_INVALID where all patterns together are too large. */
export function buildMatcher(policies: readonly Policy[], direction: Direction): Matcher {
  const keys: Key[] = []
  const targets: Target[] = []
  let order = 0
  let matchBytesMax = 0
  for (const policy of policies) {
    for (const rule of policy.rules) {
      const placed = { policy, rule, order: order++ }
      if (!appliesTo(rule, direction)) continue
      for (const pattern of rule.patterns) {
        for (const { key, target } of readPattern(pattern, placed)) {
          keys.push(key)
          targets.push(target)
        }
        matchBytesMax = Math.max(matchBytesMax, matchBytesOf(pattern))
      }
    }
  }
  return { direction, automaton: buildAutomaton(keys), targets, matchBytesMax }
}

/** A pattern is read once when its file is checked, and again when policies are put together. */
const expressions = new WeakMap<Pattern, Expression>()

/** Throws POLICY_INVALID where one pattern is wrong in itself. */
export function readPattern(pattern: Pattern, placed: PlacedRule): { key: Key; target: Target }[] {
  const { word } = pattern
  if ('literal' in pattern) {
    const bytes = foldLiteral(pattern.literal)
    return [
      {
        key: { bytes, atWordStart: word },
        target: { kind: 'literal', placed, word, keyBytes: bytes.length },
      },
    ]
  }
  const { bytesMax } = pattern
  const expression = expressions.get(pattern) ?? compileExpression(pattern.regex, pattern.ignoreCase)
  expressions.set(pattern, expression)
  return expression.prefixes.map((prefix) => ({
    key: { bytes: Buffer.from(prefix, 'latin1'), atWordStart: word },
    target: { kind: 'expression', placed, word, keyBytes: prefix.length, expression, bytesMax },
  }))
}

function matchBytesOf(pattern: Pattern): number {
  return 'literal' in pattern ? foldLiteral(pattern.literal).length : pattern.bytesMax
}

/** As a text is folded, so that each finds the other; also small letters, and one space for many. */
export function foldLiteral(literal: string): Uint8Array {
  const bytes: number[] = []
  let afterSpace = false
  for (const character of literal) {
    const fold = foldCodePoint(character.codePointAt(0) ?? 0)
    if (fold.bytes.length === 0 || (fold.isSpace && afterSpace)) continue
    bytes.push(...fold.bytes)
    afterSpace = fold.isSpace
  }
  return Uint8Array.from(bytes, (byte) => (byte >= 65 && byte <= 90 ? byte | 0x20 : byte))
}
