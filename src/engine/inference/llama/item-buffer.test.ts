import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { CompletionItem } from '#protocol'
import { createItemBuffer } from './item-buffer.ts'

const text = (words: string): CompletionItem => ({ kind: 'text', text: words, tokens: 1 })
const start: CompletionItem = { kind: 'start', model: { id: 'm', engine: 'llama', digest: '' } }

test('text that waits grows into one item, and keeps its order with the rest', async () => {
  const buffer = createItemBuffer(0)
  for (const item of [text('a'), text('b'), start, text('c')]) await buffer.put(item)
  buffer.end()
  const read: CompletionItem[] = []
  for await (const item of buffer.read()) read.push(item)
  assert.deepEqual(read, [{ ...text('ab'), tokens: 2 }, start, text('c')])
})

test('the first item comes at once; what follows quickly is gathered, and the end waits for nothing', async () => {
  const buffer = createItemBuffer(3_600_000)
  const reader = buffer.read()
  await buffer.put(text('a'))
  assert.deepEqual((await reader.next()).value, text('a'))
  await buffer.put(text('b'))
  const gathered = reader.next()
  await buffer.put(text('c'))
  buffer.end()
  assert.deepEqual((await gathered).value, { ...text('bc'), tokens: 2 })
  assert.equal((await reader.next()).done, true)
})

test('a writer that is far ahead waits for the reader', async () => {
  const buffer = createItemBuffer(3_600_000, 3)
  await buffer.put(text('abc'))
  let hasPut = false
  const putting = buffer.put(text('d')).then(() => {
    hasPut = true
  })
  await Promise.resolve()
  assert.equal(hasPut, false)
  assert.deepEqual((await buffer.read().next()).value, { ...text('abcd'), tokens: 2 })
  await putting
})

test('an error comes after what was said before it, and ends the waiting of both sides', async () => {
  const buffer = createItemBuffer(0, 1)
  const putting = buffer.put(text('abc'))
  buffer.fail(new Error('gone'))
  await putting
  const reader = buffer.read()
  assert.deepEqual((await reader.next()).value, text('abc'))
  await assert.rejects(reader.next(), /gone/)
})
