import assert from 'node:assert/strict'
import { createHash } from 'node:crypto'
import { test } from 'node:test'
import { compilePolicies, loadPolicy } from '#engine/tokenwhisper'
import type { CompletionItem, ModelUsed } from '#protocol'
import { createAnswer } from './answer.ts'
import { createOpenGuard } from './guard.ts'
import { guardBy } from './policy-guard.ts'

const MODEL: ModelUsed = { id: 'm', engine: 'llama', digest: 'd' }
const RULE = {
  ...{ id: 'word', dimension: 'test', direction: 'output', severity: 'low', action: 'mask', mask: '[…]' },
  patterns: [{ literal: 'silver key' }],
  examples: { match: ['a silver key'], noMatch: ['a key of silver'] },
}
const POLICY = compilePolicies([loadPolicy(JSON.stringify({ id: 'p', version: 1, rules: [RULE] }))])

function sayAll(words: readonly string[]): CompletionItem[] {
  const answer = createAnswer({ model: MODEL }, guardBy(POLICY))
  return [...words.flatMap((word) => answer.say(word, 1)), ...answer.end('stop', { promptTokens: 1 })]
}

test('a verdict names the first and the last token of what it is about', () => {
  for (const [words, tokens] of [
    [['A ', 'silver ', 'key', ' shone.'], { from: 1, to: 2 }],
    [['silver key'], { from: 0, to: 0 }],
    [['Für ', 'den ', 'sil', 'ver', ' ', 'k', 'ey', '.'], { from: 2, to: 6 }],
  ] as const) {
    const verdicts = sayAll(words).filter((item) => item.kind === 'verdict')
    assert.deepEqual(
      verdicts.map(({ verdict }) => verdict.tokens),
      [tokens],
      words.join('|'),
    )
  }
})

test('the digest of the tokens is one over their ids, and is missing where there are none', () => {
  const answer = createAnswer({ model: MODEL }, createOpenGuard())
  const [end] = answer.end('stop', { promptTokens: 1, tokens: [1, 258] })
  const bytes = Buffer.from([1, 0, 0, 0, 2, 1, 0, 0])
  assert.ok(end?.kind === 'end')
  assert.equal(end.tokensDigest, createHash('sha256').update(bytes).digest('hex'))
  const [without] = createAnswer({ model: MODEL }, createOpenGuard()).end('stop', { promptTokens: 1 })
  assert.ok(without?.kind === 'end' && !('tokensDigest' in without))
})
