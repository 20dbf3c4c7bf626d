import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { definitionAsked } from './definition.ts'

test('what a thing is, is said by the sentence that begins with it', () => {
  const isTopic = definitionAsked('What is a topic?')
  assert.ok(isTopic?.('A topic is a named collection of documents.'))
  assert.ok(isTopic?.('- **Topic** means a collection.'))
  assert.ok(!isTopic?.('To choose a topic, type its name.'))
  assert.ok(!isTopic?.('A topical question is another thing.'))
  assert.ok(definitionAsked("what's an assistant list")?.('An assistant  list is a list on a board.'))
})

test('a question of another kind asks for no definition', () => {
  for (const question of ['How do I add a topic?', 'Is Runa safe?', '', 'What happens when it rains?']) {
    assert.equal(definitionAsked(question), undefined)
  }
})

test('a question of mostly white space is judged at once', () => {
  const blank = ' \n'.repeat(16_000)
  assert.equal(definitionAsked(`What is ${blank}${'x'.repeat(100)}`), undefined)
  assert.ok(definitionAsked(`${blank}What is${blank}a topic${blank}?${blank}`)?.('A topic is a collection.'))
})

test('no question makes a pattern that fails', () => {
  fc.assert(
    fc.property(fc.string({ unit: 'binary' }), fc.string(), (subject, sentence) => {
      definitionAsked(`What is ${subject}?`)?.(sentence)
    }),
  )
})
