import assert from 'node:assert/strict'
import { test } from 'node:test'
import { createEnvelope, createUuidV7, envelopeSchema } from './envelope.ts'

test('identities are UUIDs of version 7, never the same, and sort by their time', () => {
  const made = Array.from({ length: 2_000 }, (_, index) => createUuidV7(1_700_000_000_000 + index))
  assert.equal(new Set(made).size, made.length)
  assert.deepEqual([...made].sort(), made)
  const version7 = /^[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/
  assert.ok(made.every((uuid) => version7.test(uuid)))
})

test('what the sender leaves open is filled in, and fits the schema', () => {
  const envelope = createEnvelope({ from: 'a', to: 'b', type: 'query' })
  assert.deepEqual(envelopeSchema.parse(envelope), envelope)
  assert.equal(envelope.trace, envelope.id)
  assert.equal(envelope.call, envelope.id)
})
