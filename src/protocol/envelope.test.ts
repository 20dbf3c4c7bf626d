import assert from 'node:assert/strict'
import { test } from 'node:test'
import {
  createEnvelope,
  createFollowUp,
  createUuidV7,
  envelopeSchema,
  plainEnvelope,
  WrittenJson,
} from './envelope.ts'

test('identities are UUIDs of version 7, never the same, and sort by their time', () => {
  const made = Array.from({ length: 2_000 }, (_, index) => createUuidV7(1_700_000_000_000 + index))
  assert.equal(new Set(made).size, made.length)
  assert.deepEqual([...made].sort(), made)
  const version7 = /^[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/
  assert.ok(made.every((uuid) => version7.test(uuid)))
})

test('what the sender leaves open is filled in, and fits the schema', () => {
  const envelope = createEnvelope({ from: 'a', to: 'b', type: 'query' })
  assert.deepEqual(envelopeSchema.parse(plainEnvelope(envelope)), plainEnvelope(envelope))
  assert.equal(envelope.trace, envelope.id)
  assert.equal(envelope.call, envelope.id)
})

test('an envelope crosses JSON with its identities, and a list of items as the list', () => {
  const query = createEnvelope({ from: 'a', to: 'b', type: 'query', operation: 'count', words: 'b' })
  const answer = createFollowUp(query, {
    ...{ from: 'b', to: 'a', type: 'response', last: false },
    ...{ items: 2, payload: new WrittenJson('[1,{"two":2}]') },
  })
  const read = envelopeSchema.parse(JSON.parse(JSON.stringify(answer)))
  assert.deepEqual(read, { ...plainEnvelope(answer), payload: [1, { two: 2 }] })
  const { operation, trace, call, words } = query
  assert.deepEqual(
    [read.operation, read.trace, read.call, read.words, read.sequence],
    [operation, trace, call, words, 0],
  )
  assert.notEqual(read.id, call)
})
