import assert from 'node:assert/strict'
import { test } from 'node:test'
import { createEnvelope, type Envelope } from '#protocol'
import { createTestBuses, until } from '../fixture.ts'

const { newBus, seat } = createTestBuses()

function newPair() {
  const path = newBus()
  const [receiver, sender] = [seat(path, 'receiver'), seat(path, 'sender')]
  receiver.setState('ready')
  const event = (sequence: number, payload: unknown = 'x'.repeat(900)) =>
    createEnvelope({ from: sender.address, to: 'receiver', type: 'event', sequence, payload })
  return { receiver, sender, event }
}

test('who waits for room in an inbox sends all it has, in order', async () => {
  const { receiver, sender, event } = newPair()
  const heard: number[] = []
  receiver.receive(({ sequence }) => void heard.push(sequence))
  let waits = 0
  for (let sequence = 0; sequence < 4_000; sequence += 1) {
    const free = sender.sendWhenFree(event(sequence))
    if (free) waits += 1
    await free
  }
  await until(() => heard.length === 4_000)
  assert.deepEqual(heard, [...heard.keys()])
  assert.ok(waits > 0)
})

test('waiting for room ends with its time, with its signal, and with the life of the receiver', async () => {
  const { receiver, sender, event } = newPair()
  // In one turn of the event loop, in which nobody reads.
  const refused = (async () => {
    for (;;) {
      const free = sender.sendWhenFree(event(0), { timeoutMs: 0 })
      if (free) return free
    }
  })()
  const gaveUp = sender.sendWhenFree(event(0), { signal: AbortSignal.abort() })
  await assert.rejects(refused, { code: 'BUS_BACKPRESSURE' })
  await assert.rejects(gaveUp ?? Promise.resolve(), { code: 'CANCELLED' })
  receiver.close()
  assert.throws(() => sender.sendWhenFree(event(0)), { code: 'SERVICE_LOST' })
})

test('a message is refused by the names and bytes of its own, however many were sent before', async () => {
  const { receiver, sender } = newPair()
  const heard: Envelope[] = []
  receiver.receive((envelope) => void heard.push(envelope))
  for (let count = 0; count < 1_000; count += 1) {
    const fields = { from: sender.address, to: receiver.address, type: 'event' } as const
    sender.send(
      createEnvelope({ ...fields, operation: `news ${count}`, payload: new Uint8Array([count & 255]) }),
    )
    if (count % 100 === 99) await until(() => heard.length > count)
  }
  assert.deepEqual(
    heard.map(({ operation, payload }) => [operation, ...(payload as Uint8Array)]),
    Array.from({ length: 1_000 }, (_, count) => [`news ${count}`, count & 255]),
  )
  const tooLong = createEnvelope({ from: 'x'.repeat(129), to: 'receiver', type: 'event' })
  assert.throws(() => sender.send(tooLong), { code: 'BAD_INPUT' })
})
