import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { RunaError } from '#protocol'
import { decodeEntries, type Entry, encodeEntry, labelsOf, maskOf } from './transfer.ts'

const bytes = fc.oneof(
  fc.uint8Array(),
  fc.string({ unit: 'binary' }).map((text) => new Uint8Array(Buffer.from(text))),
)
const value = fc.oneof(
  fc.tuple(fc.constantFrom('bytes', 'text', 'json', 'image'), bytes),
  fc.tuple(fc.constant('integer' as const), fc.bigInt({ min: -(2n ** 63n), max: 2n ** 63n - 1n })),
)
const decay = fc.record(
  {
    halfLifeMs: fc.double({ min: 1, max: 1e12, noNaN: true }),
    threshold: fc.double({ min: 0, max: 1, noNaN: true }).map(Math.abs),
  },
  { noNullPrototype: true },
)
const rest = fc.record({
  key: fc.string({ minLength: 1, unit: 'grapheme' }),
  labels: fc.bigInt({ min: 0n, max: 2n ** 64n - 1n }),
  expiresAt: fc.option(fc.double({ min: 1, max: 1e15, noNaN: true }), { nil: undefined }),
  decay: fc.option(decay, { nil: undefined }),
})
const entry: fc.Arbitrary<Entry> = fc
  .tuple(rest, value)
  .map(([other, [type, held]]) => ({ ...other, type, value: held }))

test('whatever was exported is read as it was', () => {
  const entries = fc.uniqueArray(entry, { selector: ({ key }) => key })
  fc.assert(
    fc.property(entries, (list) => {
      const lines = list.map(encodeEntry)
      for (const line of lines) assert.doesNotMatch(line, /\n/)
      const read = decodeEntries(Buffer.from(`${lines.join('\n')}\n`))
      assert.deepEqual(read.map(plain), list.map(plain))
    }),
  )
})

function plain({ value: held, ...rest }: Entry) {
  return { ...rest, value: typeof held === 'bigint' ? held : Buffer.from(held).toString('hex') }
}

test('bytes that are text stay readable', () => {
  const text = { key: 'a', type: 'text', labels: 5n } as const
  const line = encodeEntry({ ...text, value: Buffer.from('größer') })
  assert.equal(line, '{"key":"a","type":"text","text":"größer","labels":[0,2]}')
  assert.match(encodeEntry({ ...text, value: Buffer.of(255) }), /"base64":"\/w=="/)
})

test('a line that is wrong is named, and nothing is read', () => {
  const good = '{"key":"a","type":"text","text":"x"}'
  const wrong = [
    'no json',
    '[]',
    '{"key":"b","type":"text"}',
    '{"key":"b","type":"text","integer":"1"}',
    '{"key":"b","type":"integer","text":"1"}',
    '{"key":"b","type":"song","text":"la"}',
    '{"key":"","type":"text","text":"x"}',
    '{"key":"b","type":"text","text":"x","base64":""}',
    '{"key":"b","type":"bytes","base64":"?"}',
    '{"key":"b","type":"integer","integer":"9223372036854775808"}',
    '{"key":"b","type":"text","text":"x","labels":[64]}',
    '{"key":"b","type":"text","text":"x","lables":[1]}',
    '{"key":"b","type":"text","text":"x","decay":{"halfLifeMs":0,"threshold":1}}',
    good,
  ]
  for (const line of wrong) {
    const isNamed = (error: unknown) =>
      error instanceof RunaError &&
      error.code === 'BAD_INPUT' &&
      /^Line 3 .*Nothing was changed/.test(error.message)
    assert.throws(() => decodeEntries(Buffer.from(`${good}\n\n${line}\n`)), isNamed, line)
  }
})

test('any bytes end in entries or in a coded error', () => {
  fc.assert(
    fc.property(fc.uint8Array(), (bytes) => {
      try {
        decodeEntries(Buffer.from(bytes))
      } catch (error) {
        assert.ok(error instanceof RunaError)
      }
    }),
  )
})

test('labels are numbers to people and bits to the bus', () => {
  assert.deepEqual(labelsOf(maskOf([0, 63, 7])), [0, 7, 63])
  assert.equal(maskOf([]), 0n)
})
