import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { termsOf } from './analysis.ts'

/** Whether every term of the question is among the terms of the text. */
const finds = (question: string, text: string) => {
  const terms = new Set(termsOf(text))
  const asked = termsOf(question)
  return asked.length > 0 && asked.every((term) => terms.has(term))
}

test('an English word is found in its other forms, case and accents aside', () => {
  assert.ok(finds('sailing CAFES', 'They sailed to the café.'))
  assert.ok(!finds('sailing', 'They saluted.'))
})

test('words that say nothing are left out', () => {
  assert.deepEqual(termsOf("What is the captain's name, and isn't it his?"), ['captain', 'name', 'isn'])
})

test('a word of another alphabet is found', () => {
  assert.ok(finds('МОРЕ', 'Старик и море.'))
  assert.ok(finds('θάλασσα', 'Η θαλασσα είναι ήσυχη'))
  assert.ok(finds('بحر', 'البيت بحر واسع'))
  assert.ok(finds('समुद्र', 'यह समुद्र है'))
})

test('a word of a script without spaces is found inside a sentence', () => {
  assert.ok(finds('大海', '我喜欢大海和天空'))
  assert.ok(finds('海', '我喜欢大海和天空'))
  assert.ok(finds('さかな', 'このさかなはおいしい'))
  assert.ok(finds('바다', '나는바다를좋아한다'))
  assert.ok(!finds('海大', '我喜欢大海和天空'))
})

test('scripts may mix within a word', () => {
  assert.deepEqual(termsOf('iPhone手机'), ['iphon', '手', '手机', '机'])
})

test('a text is found by itself, whatever it is', () => {
  fc.assert(
    fc.property(fc.string({ unit: 'grapheme' }), (text) => {
      assert.ok(termsOf(text).length === 0 || finds(text.toUpperCase(), text.toUpperCase()))
      for (const term of termsOf(text)) assert.ok(term.length > 0)
    }),
  )
})
