import assert from 'node:assert/strict'
import { test } from 'node:test'
import { RunaError } from '#protocol'
import { readChoice, readDuration, readInteger, readLabels, readSize, readStrength } from './amounts.ts'

test('sizes, times and numbers are read as people type them', () => {
  assert.deepEqual(
    [readSize('x', '65536'), readSize('x', '64k'), readSize('x', '1G')],
    [65_536, 65_536, 2 ** 30],
  )
  assert.deepEqual(['500ms', '1.5s', '5m', '2h', '7d', 'never'].map(readDuration), [
    500,
    1_500,
    300_000,
    7_200_000,
    604_800_000,
    undefined,
  ])
  assert.deepEqual(readLabels('x', '3, 17,63'), [3, 17, 63])
  assert.deepEqual(['-5', '0xff', '-0x10', '9223372036854775807'].map(readInteger), [
    -5n,
    255n,
    -16n,
    2n ** 63n - 1n,
  ])
  assert.deepEqual(
    [readStrength('x', '0.05'), readStrength('x', '.5'), readStrength('x', '1')],
    [0.05, 0.5, 1],
  )
  assert.equal(readChoice('it', 'b', ['a', 'b']), 'b')
})

test('what cannot be read says what was expected', () => {
  const wrong: (() => unknown)[] = [
    ...['', '-1', '1T', '5G', '1.5M'].map((text) => () => readSize('--size', text)),
    ...['', '5', '-5s', '5 s', '0s', 'ever'].map((text) => () => readDuration(text)),
    ...['', '64', '1,', 'a', '-1'].map((text) => () => readLabels('--add', text)),
    ...['', '1.5', '1e3', 'one', '--1'].map((text) => () => readInteger(text)),
    ...['', '1.1', '-0.1', 'x'].map((text) => () => readStrength('--threshold', text)),
    () => readChoice('it', 'c', ['a', 'b']),
  ]
  for (const read of wrong) {
    assert.throws(read, (error) => error instanceof RunaError && error.code === 'BAD_INPUT', read.toString())
  }
})
