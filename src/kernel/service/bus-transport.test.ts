import assert from 'node:assert/strict'
import { mkdtempSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { after, test } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import * as z from 'zod'
import { attachBus, type Bus, createBus } from '#kernel/splinter'
import { createEnvelope, defineContract, type Handlers } from '#protocol'
import { awaitService, createBusTransport } from './bus-transport.ts'
import { call, listen } from './call.ts'
import { serve } from './serve.ts'

const echoContract = defineContract({
  name: 'echo',
  version: 1,
  operations: {
    repeat: {
      input: z.object({ text: z.string(), times: z.number() }),
      output: z.object({ text: z.string() }),
      errors: [],
      limits: { timeoutMs: 20_000, runningMax: 64 },
    },
    count: {
      input: z.object({ to: z.number() }),
      item: z.number(),
      windowItems: 16,
      errors: [],
      limits: { timeoutMs: 20_000, runningMax: 64 },
    },
  },
  events: { rung: z.object({ times: z.number() }) },
})

const handlers: Handlers<typeof echoContract> = {
  repeat: async ({ text, times }) => ({ text: text.repeat(times) }),
  async *count({ to }) {
    for (let number = 0; number < to; number += 1) yield number
  },
}

const folder = mkdtempSync('/dev/shm/runa-bus-transport-test-')
const seats: Bus[] = []
after(() => {
  for (const bus of seats) bus.close()
  rmSync(folder, { recursive: true })
})

/** A service and a caller, each with a seat of its own. */
function newPair(served: Partial<Handlers<typeof echoContract>> = {}) {
  const path = join(folder, String(seats.length), 'bus')
  createBus({ path, sizeBytes: 16 * 2 ** 20 })
  const [serverBus, callerBus] = [attachBus(path, { name: 'echo' }), attachBus(path, { name: 'caller' })]
  seats.push(serverBus, callerBus)
  const [serverSide, callerSide] = [createBusTransport(serverBus), createBusTransport(callerBus)]
  const service = serve(echoContract, { ...handlers, ...served }, serverSide)
  return { service, callerBus, callerSide, serverSide, echo: call(echoContract, callerSide) }
}

test('a call of almost a mebibyte is answered by as much', async () => {
  const { echo } = newPair()
  const text = 'x'.repeat(2 ** 20 - 100)
  assert.equal((await echo.repeat({ text, times: 1 })).text, text)
  await assert.rejects(echo.repeat({ text: `${text}${text}`, times: 1 }), { code: 'BAD_INPUT' })
})

test('an answer that is too long is a fault of the service, not of the caller', async () => {
  const { echo } = newPair()
  await assert.rejects(echo.repeat({ text: 'x'.repeat(2 ** 10), times: 2 ** 11 }), { code: 'INTERNAL' })
})

test('a stream keeps its order over many windows', async () => {
  const { echo } = newPair()
  let expected = 0
  for await (const number of echo.count({ to: 5_000 })) {
    assert.equal(number, expected)
    expected += 1
  }
  assert.equal(expected, 5_000)
})

test('an answer waits a moment for a caller whose inbox is full', async () => {
  const { echo, callerBus, serverSide } = newPair()
  const bulk = { from: 'echo', to: callerBus.address, type: 'event', payload: 'x'.repeat(500_000) } as const
  const { text } = await echo.repeat({ text: 'first', times: 1 })
  assert.equal(text, 'first')
  const answer = echo.repeat({ text: 'x'.repeat(500_000), times: 2 })
  for (let count = 0; count < 2; count += 1) serverSide.send(createEnvelope(bulk))
  assert.equal((await answer).text.length, 1_000_000)
})

test('a running stream goes on while its service stops, and new calls are refused', async () => {
  const { echo, service } = newPair()
  const numbers = echo.count({ to: 100 })
  await numbers.next()
  const stopped = service.stop()
  await assert.rejects(echo.repeat({ text: '', times: 1 }), { code: 'SERVICE_LOST' })
  let counted = 1
  for await (const _ of numbers) counted += 1
  assert.equal(counted, 100)
  await stopped
})

test('a stream that was sent whole is heard whole, though its service has died since', async () => {
  const { echo, service, serverSide, callerSide } = newPair()
  const numbers = echo.count({ to: 10 })
  await numbers.next()
  const died = new Promise<void>((resolve) => void callerSide.presence.watch('echo', resolve))
  await service.stop()
  serverSide.close()
  await died
  let counted = 1
  for await (const _ of numbers) counted += 1
  assert.equal(counted, 10)
})

test('a caller that leaves ends what it had asked for', async () => {
  let cancelled = false
  const { echo, callerSide } = newPair({
    repeat: (_, { signal }) =>
      new Promise((_, reject) => {
        signal.addEventListener('abort', () => {
          cancelled = true
          reject(signal.reason)
        })
      }),
  })
  const answer = echo.repeat({ text: '', times: 1 })
  await sleep(1)
  callerSide.close()
  await assert.rejects(answer, { code: 'SERVICE_LOST' })
  while (!cancelled) await sleep(1)
})

test('clients may be made for one call each', async () => {
  const { callerSide } = newPair()
  let listening = 0
  const counting = {
    ...callerSide,
    listen(...parameters: Parameters<typeof callerSide.listen>) {
      listening += 1
      const end = callerSide.listen(...parameters)
      return () => {
        listening -= 1
        end()
      }
    },
  }
  for (let count = 0; count < 3; count += 1) {
    await call(echoContract, counting).repeat({ text: 'x', times: 1 })
  }
  assert.equal(listening, 0)
})

test('a service that is not there is waited for as long as one likes', async () => {
  const { callerSide, service } = newPair()
  await awaitService(callerSide, 'echo', { timeoutMs: 1_000 })
  await service.stop()
  await assert.rejects(awaitService(callerSide, 'echo', { timeoutMs: 5 }), { code: 'SERVICE_LOST' })
  const never = AbortSignal.abort()
  await assert.rejects(awaitService(callerSide, 'echo', { timeoutMs: 5_000, signal: never }), {
    code: 'CANCELLED',
  })
})

test('events cross the bus', async () => {
  const { service, callerSide } = newPair()
  const heard: number[] = []
  const endListening = listen(echoContract, callerSide, { rung: ({ times }) => void heard.push(times) })
  service.emit('rung', { times: 3 })
  while (heard.length === 0) await sleep(1)
  endListening()
  assert.deepEqual(heard, [3])
})

test('who has left the bus can no longer use it', () => {
  const { callerBus, callerSide } = newPair()
  callerSide.close()
  const event = createEnvelope({ from: 'a', to: 'echo', type: 'event' })
  assert.throws(() => callerSide.send(event), { code: 'SERVICE_LOST' })
  assert.throws(() => callerBus.send(event), { code: 'SERVICE_LOST' })
  assert.throws(() => callerBus.store.set('key', new Uint8Array(1)), { code: 'SERVICE_LOST' })
})
