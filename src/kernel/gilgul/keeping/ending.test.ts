import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { explainEnding } from './ending.ts'

const failed = { code: 1, signal: null }

test('a service that cannot start is quoted, with its code and its advice', () => {
  const lines = [
    '{"time":"t"}',
    'tieto cannot start: The table is damaged. [EMBEDDING_INVALID]',
    'Install it again.',
  ]
  assert.deepEqual(explainEnding(failed, lines), {
    sentence: 'The table is damaged.',
    code: 'EMBEDDING_INVALID',
    advice: 'Install it again.',
  })
})

test('an uncaught error is quoted without its stack', () => {
  const lines = `file:///runa/main.js:3
    throw new TypeError('no such thing')
          ^

TypeError: no such thing
    at file:///runa/main.js:3:9
    at ModuleJob.run (node:internal/modules/esm/module_job:343:25) {
  code: 'ERR_X'
}

Node.js v20.20.2`.split('\n')
  const { sentence, code } = explainEnding(failed, lines)
  assert.equal(sentence, 'It ended with status 1. Its log says: TypeError: no such thing')
  assert.equal(code, undefined)
})

test('records of calls are no last words', () => {
  const killed = { code: null, signal: 'SIGKILL' } as const
  assert.equal(explainEnding(killed, ['{"time":"t","operation":"x"}']).sentence, 'It was ended by SIGKILL.')
})

test('a code that nobody knows is not taken for one', () => {
  const { code, sentence } = explainEnding(failed, [
    'x cannot start: Because. [toString]',
    'y cannot start: B [NO_SUCH]',
  ])
  assert.equal(code, undefined)
  assert.match(sentence, /NO_SUCH/)
})

test('whatever a log holds, an ending has a sentence of bounded length', () => {
  fc.assert(
    fc.property(fc.array(fc.string({ maxLength: 2_000 })), (lines) => {
      const { sentence } = explainEnding(failed, lines)
      assert.ok(sentence.length > 0 && sentence.length < 2_100)
    }),
  )
})
