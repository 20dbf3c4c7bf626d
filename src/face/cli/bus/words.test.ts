import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { quoteArgument } from '#kernel/home'
import { RunaError } from '#protocol'
import { createLineGathering, splitWords } from './words.ts'

test('spaces part words, quotes keep them together', () => {
  assert.deepEqual(splitWords(''), [])
  assert.deepEqual(splitWords('  get   a '), ['get', 'a'])
  assert.deepEqual(splitWords(`set 'my key' "a \\"b\\"\\n" c\\ d ''`), [
    'set',
    'my key',
    'a "b"\n',
    'c d',
    '',
  ])
  assert.deepEqual(splitWords('  # a remark, it\'s "open'), [])
})

test('a quote that is not closed is refused', () => {
  for (const line of ['set a "b', "set a 'b", 'set a b\\'])
    assert.throws(
      () => splitWords(line),
      (error) => error instanceof RunaError && error.code === 'BAD_INPUT',
    )
})

test('what was quoted for a shell is read as it was', () => {
  const words = fc.array(fc.string({ unit: fc.constantFrom(...'ab \'"$`\\!*#;&|<>\n\té') }))
  fc.assert(
    fc.property(words, (list) => {
      // A first word such as #b would make the line a remark, unquoted or not.
      assert.deepEqual(splitWords(`x ${list.map(quoteArgument).join(' ')}`), ['x', ...list])
    }),
  )
})

test('lines belong together while a quote is open, up to a limit', () => {
  const gathering = createLineGathering()
  assert.equal(gathering.take('get a'), 'get a')
  assert.equal(gathering.take('set a "one'), undefined)
  assert.equal(gathering.isOpen, true)
  assert.equal(gathering.take(''), undefined)
  assert.deepEqual(splitWords(gathering.take('two"') ?? ''), ['set', 'a', 'one\n\ntwo'])
  assert.equal(gathering.isOpen, false)
  gathering.take("set a 'one")
  assert.equal(gathering.drop(), "set a 'one")
  assert.equal(gathering.drop(), undefined)
  let lines = 0
  while (gathering.take(`'${'x'.repeat(1_000)}`.slice(lines === 0 ? 0 : 1)) === undefined) lines += 1
  assert.ok(lines < 20)
})
