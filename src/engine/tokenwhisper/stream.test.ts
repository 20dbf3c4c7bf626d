import assert from 'node:assert/strict'
import { test } from 'node:test'
import { compilePolicies } from './compile.ts'
import { policyOf, runStream } from './fixture.ts'
import { createTokenStream } from './stream.ts'

test('no more is held back than the longest match, however long the text', () => {
  const policy = policyOf([{ action: 'mask', patterns: [{ regex: 'ab+c', bytesMax: 50 }, 'a b c'] }])
  const { output } = compilePolicies([policy])
  assert.equal(output.matchBytesMax, 50)
  const stream = createTokenStream(compilePolicies([policy]), 'output')
  let releasedLength = 0
  for (let pushed = 1; pushed <= 5_000; pushed += 1) {
    releasedLength += stream.push(Buffer.from(pushed === 1 ? 'a' : 'b')).text.length
    assert.ok(pushed - releasedLength <= 51)
  }
})

test('invisible characters without end are not held back without end', () => {
  const policy = policyOf([{ action: 'mask', patterns: ['kill myself'] }])
  const stream = createTokenStream(compilePolicies([policy]), 'output')
  let held = Buffer.byteLength(stream.push(Buffer.from('kill')).text) + 4
  for (let turn = 0; turn < 1_000; turn += 1) {
    held += 3 - Buffer.byteLength(stream.push(Buffer.from('\u200b')).text)
    assert.ok(held < 1_000)
  }
})

test('a long piece is judged like its parts', () => {
  const policy = policyOf([{ action: 'mask', patterns: ['secret word'] }])
  const text = 'the secret word is said; '.repeat(2_000)
  const { text: released, verdicts } = runStream(policy, [Buffer.from(text)])
  assert.equal(released, 'the <0> is said; '.repeat(2_000))
  assert.equal(verdicts.length, 2_000)
})

test('a blocked stream says its reply once, and nothing after', () => {
  const policy = policyOf([{ action: 'block', patterns: ['stop here'] }])
  const stream = createTokenStream(compilePolicies([policy]), 'output')
  assert.equal(stream.push(Buffer.from('Fine so far. ')).text, 'Fine so far. ')
  assert.equal(stream.push(Buffer.from('Now sto')).text, 'Now ')
  const blocked = stream.push(Buffer.from('p here, and on'))
  assert.deepEqual([blocked.text, blocked.blocked], ['\n\n<stop>', true])
  assert.deepEqual(stream.push(Buffer.from('more')), { text: '', verdicts: [], blocked: true })
  assert.deepEqual(stream.end(), { text: '', verdicts: [], blocked: true })
})

test('an exception passes what lies inside it, and nothing beyond', () => {
  const policy = policyOf([
    { action: 'mask', patterns: [{ regex: 'key-[a-z]+', bytesMax: 20 }] },
    { action: 'allow', patterns: ['key-example'] },
  ])
  assert.equal(runStream(policy, [Buffer.from('key-example key-real')]).text, 'key-example <0>')
})

test('masks that overlap are joined, so that no end of one remains', () => {
  const policy = policyOf([{ action: 'mask', patterns: ['one two', 'two three'] }])
  const { text, verdicts } = runStream(policy, [Buffer.from('one two three four')])
  assert.equal(text, '<0> four')
  assert.deepEqual(
    verdicts.map(({ start, end }) => [start, end]),
    [
      [0, 7],
      [4, 13],
    ],
  )
})

test('offsets are bytes of the text as it came, whatever was normalised', () => {
  const policy = policyOf([{ action: 'mask', patterns: ['kill myself'] }])
  const text = 'é, ｋ\u200bill\n\t MYSELF!'
  const { text: released, verdicts } = runStream(policy, [Buffer.from(text)])
  assert.equal(released, 'é, <0>!')
  assert.deepEqual([verdicts[0]?.start, verdicts[0]?.end], [4, Buffer.byteLength(text) - 1])
})
