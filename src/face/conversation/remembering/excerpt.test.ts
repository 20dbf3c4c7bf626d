import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { excerptOf } from './excerpt.ts'

const LONG = `${'Nothing of note happened. '.repeat(40)}The boat lies in the harbour. It is green. ${'Then it rained. '.repeat(40)}`

test('a short text is given whole', () => {
  assert.deepEqual(excerptOf('Größe.', 'How large?', 100), { text: 'Größe.', start: 0, end: 8 })
})

test('of a long text that part is given where the words of the question stand', () => {
  const { text } = excerptOf(LONG, 'What colour is the boat in the harbour?', 100)
  assert.match(text, /The boat lies in the harbour\./)
  assert.equal(excerptOf(LONG, 'Who won?', 100).start, 0)
})

test('an excerpt is just those bytes of its text, of no more than its size', () => {
  const texts = fc.string({ unit: 'grapheme', maxLength: 300 })
  const sentences = fc.array(texts, { maxLength: 5 }).map((parts) => parts.join('. '))
  fc.assert(
    fc.property(sentences, texts, fc.integer({ min: 8, max: 200 }), (whole, question, sizeBytesMax) => {
      const { text, start, end } = excerptOf(whole, question, sizeBytesMax)
      assert.equal(Buffer.from(whole).subarray(start, end).toString(), text)
      assert.ok(end - start <= sizeBytesMax)
    }),
  )
})
