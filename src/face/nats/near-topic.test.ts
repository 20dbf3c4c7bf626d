import assert from 'node:assert/strict'
import { mkdtempSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { after, test } from 'node:test'
import { attachBus, createBus } from '#kernel/splinter'
import { openNearSide } from './near-topic.ts'

const folder = mkdtempSync('/dev/shm/runa-near-test-')
const path = join(folder, 'bus')
createBus({ path, sizeBytes: 8 * 2 ** 20, inboxBytes: 65_536 })
const bus = attachBus(path, { name: 'bridge' })
const signal = new AbortController().signal
after(() => {
  bus.close()
  rmSync(folder, { recursive: true })
})

test('what came from the far side is not carried out again, also by the next bridge', async () => {
  const topic = bus.topic('round')
  const near = openNearSide(bus, 'round', false)
  topic.publish(Buffer.from('one'))
  await near.publish(Buffer.from('from afar'), { keeper: 'stream', place: 7 }, signal)
  await near.publish(Buffer.from('passing'), undefined, signal)
  topic.publish(Buffer.from('two'))
  for (const side of [near, openNearSide(bus, 'round', false)]) {
    const { value } = await side.messages(64, signal)[Symbol.asyncIterator]().next()
    assert.deepEqual(
      value.map(({ bytes, sequence }: { bytes: Uint8Array; sequence: number }) => [
        Buffer.from(bytes).toString(),
        sequence,
      ]),
      [
        ['one', 0],
        ['two', 3],
      ],
    )
  }
})

test('a message that comes while nobody has published waits for it', async () => {
  const messages = openNearSide(bus, 'later', false).messages(64, signal)[Symbol.asyncIterator]()
  const coming = messages.next()
  bus.topic('later').publish(Buffer.from('late'))
  const { value } = await coming
  assert.equal(Buffer.from(value[0].bytes).toString(), 'late')
})

test('a place beyond 32 bits is known after a crash that came before it was noted', async () => {
  const near = openNearSide(bus, 'places', false)
  await near.publish(Buffer.from('first'), { keeper: 'stream', place: 2 ** 40 }, signal)
  bus.topic('places').publish(Buffer.from('not noted'), { relayedAs: 2 ** 40 + 1 })
  const next = openNearSide(bus, 'places', false)
  assert.equal(next.lastPlace('stream'), 2 ** 40 + 1)
  assert.equal(next.lastPlace('a stream that was made anew'), undefined)
})

test('all bridges of one bus speak of the same life', () => {
  assert.equal(openNearSide(bus, 'one', false).life, openNearSide(bus, 'two', false).life)
})
