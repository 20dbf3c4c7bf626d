import type { Verdict } from '#protocol'
import { compilePolicies } from './compile.ts'
import { type Policy, policySchema } from './policy.ts'
import { createTokenStream } from './stream.ts'
import type { Released } from './verdict.ts'

export interface RuleDraft {
  readonly action: 'allow' | 'mask' | 'block'
  readonly patterns: readonly unknown[]
}

/** A policy without examples that would have to fit it. */
export function policyOf(drafts: readonly RuleDraft[]): Policy {
  const rules = drafts.map(({ action, patterns }, index) => ({
    id: `rule-${index}`,
    dimension: 'trial',
    direction: 'output',
    severity: 'high',
    action,
    patterns,
    examples: { match: [''], noMatch: [''] },
    ...(action === 'mask' && { mask: `<${index}>` }),
    ...(action === 'block' && { reply: '<stop>' }),
  }))
  return { ...policySchema.parse({ id: 'trial', version: 1, rules }), hash: 'trial' }
}

/** The whole of what a text comes to when it arrives in these pieces. */
export function runStream(
  policy: Policy,
  pieces: readonly Uint8Array[],
): { text: string; verdicts: Verdict[] } {
  const stream = createTokenStream(compilePolicies([policy]), 'output')
  const released: Released[] = [...pieces.map((piece) => stream.push(piece)), stream.end()]
  return {
    text: released.map(({ text }) => text).join(''),
    verdicts: released.flatMap(({ verdicts }) => verdicts),
  }
}
