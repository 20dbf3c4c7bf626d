import assert from 'node:assert/strict'
import { closeSync, fstatSync, openSync, readSync, writeSync } from 'node:fs'
import { test } from 'node:test'
import fc from 'fast-check'
import { createKey } from '#kernel/seal'
import { createSealedMemory } from '#kernel/sys'
import { createBirth, takeBirth } from './birth.ts'
import { decodeBirth, encodeBirth } from './birth-table.ts'

const key = fc.uint8Array({ minLength: 32, maxLength: 32 }).map((bytes) => Buffer.from(bytes))
const name = fc.stringMatching(/^[a-z][a-zA-Z0-9._-]{0,95}$/)
const birth = fc.record(
  {
    identity: fc.option(key, { nil: undefined }),
    words: fc
      .dictionary(name, key, { maxKeys: 30, noNullPrototype: true })
      .map((keys) => new Map(Object.entries(keys))),
  },
  { noNullPrototype: true },
)

test('whatever a process is given at its birth, it takes', () => {
  fc.assert(
    fc.property(birth, (given) => assert.deepEqual(takeBirth(createBirth(given)), given)),
    { numRuns: 50 },
  )
})

test('no bytes are taken for keys but those of a whole table', () => {
  const words = new Map([['clock', createKey()]])
  const whole = encodeBirth({ identity: createKey(), words })
  for (let length = 0; length < whole.length; length += 1) {
    assert.throws(() => decodeBirth(whole.subarray(0, length)), { code: 'BIRTH_INVALID' })
  }
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 200 }), (bytes) => {
      assert.throws(() => decodeBirth(Buffer.from(bytes)), { code: 'BIRTH_INVALID' })
    }),
  )
})

test('a birth is overwritten and closed when it is taken', () => {
  const fd = createBirth({ identity: createKey(), words: new Map() })
  // As another process of the same user could have done before.
  const again = openSync(`/proc/self/fd/${fd}`, 'r+')
  takeBirth(fd)
  assert.throws(() => fstatSync(fd), { code: 'EBADF' })
  const left = Buffer.alloc(fstatSync(again).size)
  readSync(again, left, 0, left.length, 0)
  assert.ok(left.every((byte) => byte === 0))
  assert.throws(() => takeBirth(again), { code: 'BIRTH_INVALID' })
})

test('whatever else is open under that number is left alone, and there are no keys', () => {
  const fd = openSync('/dev/null', 'r')
  for (const number of [fd, 987_654]) {
    assert.deepEqual(takeBirth(number), { identity: undefined, words: new Map() })
  }
  fstatSync(fd)
  closeSync(fd)
})

test('memory that holds no birth, or more than a birth ever is, is refused', () => {
  const strange = createSealedMemory('strange', 64)
  writeSync(strange, 'something else')
  assert.throws(() => takeBirth(strange), { code: 'BIRTH_INVALID' })
  assert.throws(() => takeBirth(createSealedMemory('large', 2 ** 16)), { code: 'BIRTH_INVALID' })
})

test('a table with more keys or longer names than there may be is not made', () => {
  const many = new Map(Array.from({ length: 33 }, (_, index) => [`c${index}`, createKey()]))
  assert.throws(() => encodeBirth({ identity: undefined, words: many }), RangeError)
  const long = new Map([['c'.repeat(200), createKey()]])
  assert.throws(() => encodeBirth({ identity: undefined, words: long }), RangeError)
})
