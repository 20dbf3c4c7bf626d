import assert from 'node:assert/strict'
import { test } from 'node:test'
import { countWords, dayWords, durationWords, listWords, sizeWords, timeWords } from './words.ts'

test('sizes have a unit and at most one decimal', () => {
  assert.deepEqual([0, 999, 1_000, 20_700, 64 * 2 ** 20, 2.5e9].map(sizeWords), [
    '0 bytes',
    '999 bytes',
    '1 KB',
    '20.7 KB',
    '67.1 MB',
    '2.5 GB',
  ])
})

test('durations are said in the unit that fits', () => {
  assert.deepEqual(
    [3.4, 120, 9_200, 42_000, 180_000, 7_500_000, 7_200_000, 4 * 86_400_000].map(durationWords),
    ['3 ms', '0.1 s', '9.2 s', '42 s', '3 min', '2 h 5 min', '2 h', '4 days'],
  )
})

test('one is one, and others are many', () => {
  assert.equal(countWords(1, 'card'), '1 card')
  assert.equal(countWords(1_200, 'card'), '1,200 cards')
  assert.equal(listWords(['a', 'b', 'c']), 'a, b and c')
  assert.equal(listWords([]), '')
})

test('a time of today has no day, an older one has', () => {
  const now = new Date(2026, 10, 22, 15, 0).getTime()
  assert.equal(timeWords(new Date(2026, 10, 22, 9, 5).getTime(), now), '09:05')
  assert.equal(timeWords(new Date(2026, 9, 3, 9, 5).getTime(), now), '3 Oct, 09:05')
  assert.equal(timeWords(new Date(2025, 9, 3, 9, 5).getTime(), now), '3 Oct 2025, 09:05')
  assert.equal(dayWords(new Date(2026, 10, 22, 0, 1).getTime(), now), 'Today')
  assert.equal(dayWords(new Date(2026, 10, 21, 23, 59).getTime(), now), 'Yesterday')
  assert.equal(dayWords(new Date(2026, 1, 1).getTime(), now), 'Earlier')
})
