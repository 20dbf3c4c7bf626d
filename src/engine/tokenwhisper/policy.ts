import * as z from 'zod'
import type { Direction } from './verdict.ts'

export const POLICY_LIMITS = {
  fileBytes: 1_048_576,
  rules: 1_000,
  patternsOfRule: 5_000,
  patternCharacters: 2_000,
  replyCharacters: 8_000,
  /** The most that one match, and so what is held back, may span, in normalised bytes. */
  matchBytes: 16_384,
  examplesOfRule: 1_000,
} as const

const name = z
  .string()
  .max(64)
  .regex(/^[a-z0-9]+(-[a-z0-9]+)*$/, 'must be lower-case words joined by hyphens')

const patternText = z.string().min(1).max(POLICY_LIMITS.patternCharacters)

/** A phrase, found whatever its case and spacing; `word: false` finds it inside longer words too. */
const literalPattern = z.strictObject({ literal: patternText, word: z.boolean().default(true) })

/** A regular expression of the dialect in expression.ts, and the longest match it can have. */
const regexPattern = z.strictObject({
  regex: patternText,
  bytesMax: z.int().positive().max(POLICY_LIMITS.matchBytes),
  word: z.boolean().default(true),
  ignoreCase: z.boolean().default(false),
})

/** A plain string is short for a phrase that stands as words of its own. */
const pattern = z.union([
  patternText.transform((literal) => ({ literal, word: true })),
  literalPattern,
  regexPattern,
])

const LATER_ACTIONS = ['flag', 'hold', 'whisper', 'redirect']

const action = z.enum(['allow', 'mask', 'block'], {
  error: ({ input }) =>
    LATER_ACTIONS.includes(String(input))
      ? `'${String(input)}' is not supported yet; use allow, mask or block`
      : 'must be allow, mask or block',
})

const examples = z.array(z.string().max(POLICY_LIMITS.replyCharacters)).max(POLICY_LIMITS.examplesOfRule)

const rule = z
  .strictObject({
    id: name,
    dimension: name,
    direction: z.enum(['input', 'output', 'both']),
    severity: z.enum(['low', 'medium', 'high', 'critical']),
    action,
    /** What stands in the place of a masked match. */
    mask: z.string().min(1).max(200).optional(),
    /** What is said instead of a blocked text; `{contacts}` stands for the list of contacts.yaml. */
    reply: z.string().min(1).max(POLICY_LIMITS.replyCharacters).optional(),
    patterns: z.array(pattern).min(1).max(POLICY_LIMITS.patternsOfRule),
    examples: z.strictObject({ match: examples.min(1), noMatch: examples.min(1) }),
  })
  .refine((value) => (value.action === 'block') === (value.reply !== undefined), {
    path: ['reply'],
    error: 'is needed for action block, and has no place with another',
  })
  .refine((value) => value.action === 'mask' || value.mask === undefined, {
    path: ['mask'],
    error: 'has no place without action mask',
  })

/** What a policy file holds. */
export const policySchema = z.strictObject({
  id: name,
  version: z.int().positive(),
  description: z.string().max(2_000).optional(),
  rules: z.array(rule).min(1).max(POLICY_LIMITS.rules),
})

export type Pattern = z.output<typeof pattern>
export type Rule = z.output<typeof rule>

/** A policy file that was read and found sound. */
export interface Policy extends z.output<typeof policySchema> {
  /** SHA-256, in hex, over everything that can change a verdict or a reply. */
  readonly hash: string
}

export function appliesTo(rule: Rule, direction: Direction): boolean {
  return rule.direction === 'both' || rule.direction === direction
}
