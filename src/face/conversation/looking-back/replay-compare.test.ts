import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import type { AnswerRecord, Computation, Verdict } from '#protocol'
import { RECORD } from './record-fixture.ts'
import { compare, firstDifference, type Said } from './replay-compare.ts'

const SAME: Said = {
  ...{ model: { ...RECORD.model, engine: 'llama' }, computation: RECORD.computation, text: RECORD.answer },
  ...{ reason: 'stop', promptTokens: 30, tokensDigest: RECORD.tokensDigest, verdicts: [] },
}

const changed = (said: Partial<Said>, record: AnswerRecord = RECORD) => compare(record, { ...SAME, ...said })
const things = ({ differences }: ReturnType<typeof compare>) => differences.map(({ what }) => what)

test('the same tokens by the same means are the same, and there is nothing more to say', () => {
  assert.deepEqual(compare(RECORD, SAME), { same: true, compared: 'tokens', differences: [] })
})

test('other words are shown from where they part', () => {
  const { same, firstDifferenceAt, differences } = changed({ text: 'They cannot.', tokensDigest: 'other' })
  assert.deepEqual([same, firstDifferenceAt], [false, 5])
  assert.equal(differences[0]?.sentence, 'From character 5 on it says “cannot.”, where it said “do [1].”.')
})

test('of a long difference, only the beginning is told', () => {
  const { differences } = changed({ text: '🐋'.repeat(5_000) })
  assert.equal(differences[0]?.now, '🐋'.repeat(2_000))
})

test('tokens that differ behind the same words are a difference', () => {
  const comparison = changed({ tokensDigest: 'other' })
  assert.deepEqual([comparison.same, things(comparison)], [false, ['answer']])
})

test('another end, another verdict and a prompt of another length are differences', () => {
  assert.match(changed({ reason: 'length' }).differences[0]?.sentence ?? '', /'length', and not with 'stop'/)
  assert.match(changed({ promptTokens: 31 }).differences[0]?.sentence ?? '', /it has 31 tokens, and had 30/)
  const verdict: Verdict = {
    ...{ policy: 'a', policyHash: 'h', rule: 'r', dimension: 'd', action: 'flag', direction: 'output' },
    ...{ start: 0, end: 1 },
  }
  assert.equal(changed({ verdicts: [verdict] }).same, false)
})

test('what changed is named, also where the words stayed the same', () => {
  const changes: [Partial<Computation>, string][] = [
    [{ build: 'engine 2' }, 'engine'],
    [{ threads: 2 }, 'engine'],
    [{ contextTokens: 512 }, 'engine'],
    [{ cpu: 'x64 zen4' }, 'processor'],
    [{ gpu: 'vulkan' }, 'processor'],
    [{ policy: '' }, 'policy'],
  ]
  const { computation } = RECORD
  assert.ok(computation)
  for (const [change, what] of changes) {
    const comparison = changed({ computation: { ...computation, ...change } })
    assert.deepEqual([comparison.same, things(comparison)], [true, [what]])
  }
  assert.deepEqual(things(changed({ model: { id: 'small', engine: 'llama', digest: 'e' } })), ['model'])
})

test('an answer that was broken off is compared as far as it had come', () => {
  const { tokensDigest: _, ...stopped } = { ...RECORD, reason: 'stopped' as const }
  const said = { reason: undefined, tokensDigest: undefined, promptTokens: undefined }
  assert.deepEqual(changed(said, stopped), { same: true, compared: 'text', differences: [] })
})

test('everything before the first difference is the same, and nothing else is', () => {
  const texts = fc.string({ unit: 'grapheme', maxLength: 20 })
  fc.assert(
    fc.property(texts, texts, (left, right) => {
      const place = firstDifference(left, right)
      if (place === undefined) return assert.equal(left, right)
      const [before, now] = [[...left], [...right]]
      assert.deepEqual(before.slice(0, place), now.slice(0, place))
      assert.notEqual(before[place], now[place])
    }),
  )
})
