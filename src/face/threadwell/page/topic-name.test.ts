import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { TOPIC_NAME } from '#protocol'
import { topicNameOf } from './topic-name.ts'

test('what people type becomes a name that is allowed', () => {
  assert.equal(topicNameOf('Häuser & Gärten'), 'hauser-garten')
  assert.equal(topicNameOf('  My notes (2026) '), 'my-notes-2026')
  assert.equal(topicNameOf('…'), '')
})

test('a name is allowed, or empty', () => {
  fc.assert(
    fc.property(fc.string({ unit: 'grapheme', maxLength: 200 }), (typed) => {
      const name = topicNameOf(typed)
      return name === '' || TOPIC_NAME.test(name)
    }),
  )
})
