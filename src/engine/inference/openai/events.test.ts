import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { readEvents } from './events.ts'

async function read(pieces: readonly Uint8Array[]): Promise<string[]> {
  const found: string[] = []
  async function* body() {
    yield* pieces
  }
  for await (const event of readEvents(body())) found.push(event)
  return found
}

test('events are the same however the stream is cut', async () => {
  const text = ': ping\r\n\r\ndata: é\r\n\r\nevent: x\ndata:{"a":\ndata: 1}\n\ndata: last'
  const bytes = Buffer.from(text)
  await fc.assert(
    fc.asyncProperty(fc.array(fc.nat(bytes.length), { maxLength: 8 }), async (cuts) => {
      const edges = [0, ...cuts.sort((a, b) => a - b), bytes.length]
      const pieces = edges.slice(1).map((edge, index) => bytes.subarray(edges[index], edge))
      assert.deepEqual(await read(pieces), ['é', '{"a":\n1}', 'last'])
    }),
  )
})

test('any bytes give events or an error with a code', async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(fc.uint8Array({ maxLength: 64 })), async (pieces) => {
      assert.ok(Array.isArray(await read(pieces)))
    }),
  )
})
