import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { countSentences, shownLength } from './sentences.ts'

const shown = (text: string) => text.slice(0, shownLength(text))

test('a text is shown up to the end of its last whole sentence', () => {
  assert.equal(shown('One. Two thr'), 'One.')
  assert.equal(shown('Is it? “Yes.” And'), 'Is it? “Yes.”')
  assert.equal(shown('No end yet'), '')
  assert.equal(shown('Version 1.5 is'), '')
})

test('a line that ended is shown, in a list and in code', () => {
  assert.equal(shown('- one\n- tw'), '- one\n')
  assert.equal(shown('```\nconst a = 1. \nb'), '```\nconst a = 1. \n')
})

test('a text without full stops does not wait for ever', () => {
  const text = 'word '.repeat(100)
  assert.ok(shownLength(text) > 400)
})

test('what is shown never shrinks as a text grows', () => {
  const piece = fc.constantFrom('a', ' ', '. ', '```', '\n', '[1]', '?', 'word ', '"')
  fc.assert(
    fc.property(fc.array(piece, { maxLength: 60 }), (pieces) => {
      const lengths = pieces.map((_, at) => shownLength(pieces.slice(0, at + 1).join('')))
      const growing = lengths.every((length, at) => at === 0 || length >= (lengths[at - 1] ?? 0))
      return growing && lengths.every((length, at) => length <= pieces.slice(0, at + 1).join('').length)
    }),
  )
})

test('sentences are counted', () => {
  assert.equal(countSentences('One. Two? Three!'), 3)
  assert.equal(countSentences('It costs 1.5 coins'), 0)
})
