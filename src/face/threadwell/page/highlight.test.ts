import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { markedWords } from './highlight.ts'

const marked = (text: string, query: string) =>
  markedWords(text, query)
    .filter(({ isMarked }) => isMarked)
    .map(({ text: word }) => word)

test('words of the query are marked, whatever their case and ending', () => {
  assert.deepEqual(marked('Oaks grow. Growing an oak takes time.', 'how does an Oak grow'), [
    'Oaks',
    'grow',
    'Growing',
    'oak',
  ])
})

test('short words are not marked, since they stand everywhere', () => {
  assert.deepEqual(marked('It is an oak', 'is it an elm'), [])
})

test('nothing of a text is lost or changed', () => {
  fc.assert(
    fc.property(fc.string({ unit: 'binary' }), fc.string(), (text, query) => {
      const pieces = markedWords(text, query)
      return pieces.map((piece) => piece.text).join('') === text
    }),
  )
})
