import assert from 'node:assert/strict'
import { test } from 'node:test'
import * as z from 'zod'
import { carriesWords, isEventSensitive, isOperationSensitive } from './carries-words.ts'
import { type Operation, sensitive } from './contract.ts'
import { alethiaContract } from './contracts/alethia.ts'
import { gilgulContract } from './contracts/gilgul.ts'
import { inferenceContract } from './contracts/inference.ts'

const words = sensitive(z.string())

test('words are found wherever a schema keeps them', () => {
  const places = [
    words,
    words.optional(),
    words.nullable().default(null),
    z.array(words),
    z.array(z.object({ deep: z.array(words) })),
    z.union([z.number(), words]),
    z.discriminatedUnion('kind', [
      z.object({ kind: z.literal('a') }),
      z.object({ kind: z.literal('b'), text: words }),
    ]),
    z.record(z.string(), words),
    z.record(words, z.number()),
    z.tuple([z.number(), words]),
    z.tuple([z.number()], words),
    z.intersection(z.object({ a: z.number() }), z.object({ b: words })),
    z.object({ a: words.catch('') }).prefault({ a: '' }),
    z.string().pipe(words),
    words.transform((text) => text.length),
    z.object({ a: z.number(), b: words.readonly() }).strict(),
  ]
  for (const [index, schema] of places.entries()) assert.ok(carriesWords(schema), String(index))
})

test('a schema without words has none', () => {
  const schemas = [
    z.object({}),
    z.object({
      name: z.string(),
      at: z.number().int().optional(),
      id: z.uuid(),
      ok: z.boolean().default(true),
    }),
    z.array(z.enum(['a', 'b'])),
    z.union([z.literal(1), z.null()]),
    z.record(z.string(), z.tuple([z.number(), z.string()])),
    z.tuple([]),
    z.iso.date(),
  ]
  for (const [index, schema] of schemas.entries()) assert.ok(!carriesWords(schema), String(index))
})

test('what nobody can look into may hold words', () => {
  for (const schema of [
    z.unknown(),
    z.any(),
    z.json(),
    z.custom(),
    z.lazy(() => z.number()),
    z.map(words, words),
  ]) {
    assert.ok(carriesWords(schema), schema.def.type)
  }
})

test('an operation is sensitive by its input, its answer, or an error that may quote', () => {
  const bare = { input: z.object({}), errors: [], limits: { timeoutMs: 1, runningMax: 1 } } as const
  const clear: Operation = { ...bare, output: z.number() }
  assert.ok(!isOperationSensitive(clear))
  assert.ok(isOperationSensitive({ ...clear, input: words }))
  assert.ok(isOperationSensitive({ ...bare, output: words }))
  assert.ok(isOperationSensitive({ ...bare, item: words, windowItems: 1 }))
  assert.ok(isOperationSensitive({ ...clear, errors: ['DOCUMENT_UNKNOWN'] }))
})

test('what carries turns is sensitive, and what watches over processes is not', () => {
  const { remember, verify } = alethiaContract.operations
  assert.ok(isOperationSensitive(remember))
  assert.ok(isOperationSensitive(inferenceContract.operations.complete))
  assert.ok(!isOperationSensitive(verify))
  assert.ok(!isOperationSensitive(gilgulContract.operations.status))
  assert.ok(!isEventSensitive(gilgulContract, 'changed'))
  assert.ok(!isEventSensitive(gilgulContract, 'toString'))
})
