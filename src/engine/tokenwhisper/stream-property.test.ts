import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import type { Verdict } from '#protocol'
import { compilePolicies } from './compile.ts'
import { policyOf, type RuleDraft, runStream } from './fixture.ts'
import { FoldedText } from './folded-text.ts'
import { foldLiteral } from './matcher.ts'
import type { Pattern, Policy, Rule } from './policy.ts'
import { createTokenStream } from './stream.ts'

function cut(bytes: Uint8Array, sizes: readonly number[]): Uint8Array[] {
  const pieces: Uint8Array[] = []
  let at = 0
  for (let turn = 0; at < bytes.length; turn += 1) {
    const size = sizes[turn % sizes.length] ?? 1
    pieces.push(bytes.slice(at, at + size))
    at += size
  }
  return pieces
}

const word = fc.boolean()
const letters = fc.constantFrom('a', 'b', 'c', ' ', 'A', 'ä', 'é')
const literal = fc
  .array(letters, { minLength: 1, maxLength: 5 })
  .map((parts) => parts.join(''))
  .filter((text) => text.trim() !== '')
const expression = fc
  .tuple(
    fc.constantFrom('ab', 'ba', 'a ', 'aa', '(?:ab|bc)', '[ab]c', 'Ab', 'cc?a'),
    fc.array(
      fc.constantFrom(
        'a',
        '[ab]*',
        'b+',
        '(?:ca|c)',
        ' ?',
        'c{1,3}',
        '(?:ab|a)?',
        '\\w',
        '(?: b){2,}',
        '[^c]',
        '.',
      ),
      { maxLength: 3 },
    ),
  )
  .map(([head, tail]) => head + tail.join(''))
const pattern = fc.oneof(
  fc.record({ literal, word }),
  fc.record({ regex: expression, bytesMax: fc.integer({ min: 1, max: 9 }), word, ignoreCase: fc.boolean() }),
)
const draft = fc.record({
  action: fc.constantFrom('allow', 'mask', 'mask', 'block'),
  patterns: fc.array(pattern, { minLength: 1, maxLength: 3 }),
})
const policies = fc.array(draft as fc.Arbitrary<RuleDraft>, { minLength: 1, maxLength: 4 }).map(policyOf)
const characters = fc.constantFrom(
  'a',
  'b',
  'c',
  'a',
  'b',
  'c',
  ' ',
  '\n',
  'A',
  'B',
  'ä',
  'e\u0301',
  '\u200b',
  'ａ',
  '𝐛',
  '😀',
  '.',
)
const texts = fc.array(characters, { maxLength: 30 }).map((parts) => Buffer.from(parts.join('')))
const brokenTexts = fc
  .array(
    fc.oneof(
      characters.map((text) => [...Buffer.from(text)]),
      fc.constantFrom([0xff], [0xc3], [0xe2, 0x82], [0xf0, 0x9f], [0x80], [0xed, 0xa0, 0x80]),
    ),
    { maxLength: 20 },
  )
  .map((parts) => Buffer.from(parts.flat()))
const sizes = fc.array(fc.integer({ min: 1, max: 6 }), { minLength: 1, maxLength: 8 })

test('a stream judges as a reading of the whole text with the engine of JavaScript does', () => {
  fc.assert(
    fc.property(policies, fc.oneof(texts, brokenTexts), sizes, (policy, text, cuts) => {
      assert.deepEqual(runStream(policy, cut(text, cuts)), judgeWhole(policy, text))
    }),
    { numRuns: 3_000 },
  )
})

test('what comes out does not depend on how the text was cut', () => {
  fc.assert(
    fc.property(policies, brokenTexts, sizes, (policy, text, cuts) => {
      assert.deepEqual(runStream(policy, cut(text, cuts)), runStream(policy, [text]))
    }),
    { numRuns: 500 },
  )
})

test('at no moment is anything released that a later piece turns into a match', () => {
  fc.assert(
    fc.property(policies, texts, (policy, text) => {
      const whole = judgeWhole(policy, text)
      const stream = createTokenStream(compilePolicies([policy]), 'output')
      let released = ''
      for (const byte of text) {
        released += stream.push(Uint8Array.of(byte)).text
        assert.ok(whole.text.startsWith(released), `${released} is no beginning of ${whole.text}`)
      }
      assert.equal(released + stream.end().text, whole.text)
    }),
    { numRuns: 500 },
  )
})

/** Another way to the same judgement: on the whole text, slowly, with the expressions of JavaScript. */
export function judgeWhole(policy: Policy, bytes: Uint8Array): { text: string; verdicts: Verdict[] } {
  const folded = new FoldedText()
  folded.append(bytes, true)
  const matches = policy.rules.flatMap((rule, order) => findMatches(folded, rule, order))
  const ranks = { allow: 0, block: 1, mask: 2 }
  matches.sort(
    (left, right) =>
      left.start - right.start ||
      ranks[left.rule.action] - ranks[right.rule.action] ||
      right.end - left.end ||
      left.order - right.order,
  )
  const verdicts: Verdict[] = []
  let text = ''
  let cursor = 0
  let allowedEnd = 0
  for (const { rule, start, end } of matches) {
    const { action, id, dimension } = rule
    if (action !== 'allow' && end <= allowedEnd) continue
    const { id: name, hash: policyHash } = policy
    verdicts.push({ policy: name, policyHash, rule: id, dimension, action, direction: 'output', start, end })
    if (action === 'allow') {
      allowedEnd = Math.max(allowedEnd, end)
      continue
    }
    const isFresh = start >= cursor
    if (isFresh) text += decode(bytes, cursor, start)
    if (action === 'block') {
      return { text: `${text}${text === '' ? '' : '\n\n'}${rule.reply}`, verdicts }
    }
    if (isFresh) text += rule.mask
    cursor = Math.max(cursor, end)
  }
  return { text: text + decode(bytes, cursor, bytes.length), verdicts }
}

interface WholeMatch {
  readonly rule: Rule
  readonly order: number
  readonly start: number
  readonly end: number
}

function findMatches(folded: FoldedText, rule: Rule, order: number): WholeMatch[] {
  const found = new Map<string, WholeMatch>()
  for (const pattern of rule.patterns) {
    for (let first = 0; first < folded.unitCount; first += 1) {
      const after = endOfMatch(folded, pattern, first)
      if (after === undefined) continue
      const [start, end] = [folded.startOf(first), folded.endOf(after - 1)]
      found.set(`${start} ${end}`, { rule, order, start, end })
    }
  }
  return [...found.values()]
}

function endOfMatch(folded: FoldedText, pattern: Pattern, first: number): number | undefined {
  if (pattern.word && first > 0 && folded.isWordAt(first - 1)) return undefined
  const units = Array.from({ length: folded.unitCount }, (_, unit) => folded.unitAt(unit))
  const whole = Buffer.from(units).toString('latin1')
  const literal = 'literal' in pattern ? Buffer.from(foldLiteral(pattern.literal)).toString('latin1') : ''
  const longest = 'literal' in pattern ? literal.length : pattern.bytesMax
  for (let length = Math.min(longest, whole.length - first); length > 0; length -= 1) {
    const after = first + length
    if (pattern.word && after < folded.unitCount && folded.isWordAt(after)) continue
    const part = whole.slice(first, after)
    const matches =
      'literal' in pattern
        ? part.replace(/[A-Z]/g, (letter) => letter.toLowerCase()) === literal
        : new RegExp(`^(?:${pattern.regex})$`, pattern.ignoreCase ? 'is' : 's').test(part)
    if (matches) return after
  }
  return undefined
}

function decode(bytes: Uint8Array, start: number, end: number): string {
  return new TextDecoder('utf-8', { ignoreBOM: true }).decode(bytes.subarray(start, end))
}
