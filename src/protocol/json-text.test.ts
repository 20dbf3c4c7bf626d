import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { writeJson } from './json-text.ts'

const long = fc.oneof(
  fc.nat(400).map((length) => 'x'.repeat(length)),
  fc.string({ unit: 'binary', minLength: 150, maxLength: 300 }),
)

test('JSON is what JSON.stringify would have written', () => {
  const object = fc.dictionary(fc.string(), fc.oneof(long, fc.jsonValue(), fc.constant(undefined)))
  fc.assert(
    fc.property(fc.oneof(object, long, fc.jsonValue()), (value) => {
      assert.equal(writeJson(value), JSON.stringify(value))
    }),
  )
})

test('what is more than fields is written by its own rules', () => {
  const text = 'x'.repeat(1_000)
  const cases = [
    { text, at: new Date(0), list: [undefined, 1], none: undefined, not: Number.NaN, say: () => text },
    { text, toJSON: () => 'short' },
    new Date(0),
    Object.create({ text }),
    [text, `"${text}`],
    undefined,
    null,
  ]
  for (const value of cases) assert.equal(writeJson(value), JSON.stringify(value))
  assert.throws(() => writeJson({ text, big: 1n }), TypeError)
  assert.equal(
    writeJson({ text: `${text}\ud800\n`, [`a"${text}`]: 1 }),
    JSON.stringify({ text: `${text}\ud800\n`, [`a"${text}`]: 1 }),
  )
})
