import assert from 'node:assert/strict'
import { test } from 'node:test'
import {
  countWords,
  dateWords,
  dayOfField,
  dayWords,
  durationWords,
  excerpt,
  listWords,
  sizeWords,
  timeWords,
} from './words.ts'

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

test('a day is called by its name, and by its year where that is another one', () => {
  const now = new Date(2026, 10, 22, 15, 0).getTime()
  assert.equal(dateWords(new Date(2026, 10, 22, 1).getTime(), now), 'Today')
  assert.equal(dateWords(new Date(2026, 10, 16).getTime(), now), 'Monday 16 November')
  assert.equal(dateWords(new Date(2025, 10, 17).getTime(), now), 'Monday 17 November 2025')
})

test('a date field names a day from midnight to midnight, and nothing where none is written', () => {
  const day = dayOfField('2026-03-29')
  assert.equal(day?.from, new Date(2026, 2, 29).getTime())
  assert.equal(day?.to, new Date(2026, 2, 30).getTime())
  for (const value of ['', '2026', '2026-13', 'x-y-z']) assert.equal(dayOfField(value), undefined)
})

test('a long text begins with whole words', () => {
  assert.equal(excerpt('short'), 'short')
  assert.equal(excerpt('one two three', 9), 'one two…')
  assert.equal(excerpt('x'.repeat(20), 10), `${'x'.repeat(10)}…`)
})
