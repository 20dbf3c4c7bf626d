import assert from 'node:assert/strict'
import { mkdtempSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { after, test } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import fc from 'fast-check'
import * as z from 'zod'
import { attachBus, createBus } from '#kernel/splinter'
import { defineContract, type RunaError } from '#protocol'
import { createBusTransport } from './bus-transport.ts'
import { call } from './call.ts'
import { untilAsleep } from './idle-stop.ts'
import { createRousing } from './rousing.ts'
import { serve } from './serve.ts'

const sleeperContract = defineContract({
  name: 'sleeper',
  version: 1,
  operations: {
    take: {
      input: z.object({ number: z.number() }),
      output: z.object({ life: z.number() }),
      errors: [],
      limits: { timeoutMs: 20_000, runningMax: 64 },
    },
    count: {
      input: z.object({ to: z.number() }),
      item: z.number(),
      windowItems: 4,
      errors: [],
      limits: { timeoutMs: 20_000, runningMax: 4 },
    },
  },
  events: {},
})

const folder = mkdtempSync('/dev/shm/runa-idle-stop-test-')
const path = join(folder, 'bus')
createBus({ path, sizeBytes: 16 * 2 ** 20 })
const callerBus = attachBus(path, { name: 'caller' })
const keeperBus = attachBus(path, { name: 'keeper' })
after(() => {
  callerBus.close()
  keeperBus.close()
  rmSync(folder, { recursive: true })
})

const sleeper = call(sleeperContract, createBusTransport(callerBus), { service: 'sleeper' })
const rousing = createRousing(keeperBus.store)
const taken: number[] = []
let lives = 0

/** One life of the service, from its start until it falls asleep. */
async function live(idleMs: number, lingerMs: number, signal: AbortSignal): Promise<void> {
  lives += 1
  const life = lives
  const bus = attachBus(path, { name: 'sleeper' })
  const transport = createBusTransport(bus)
  const handlers = {
    async take({ number }: { readonly number: number }) {
      taken.push(number)
      await sleep(number % 3)
      return { life }
    },
    async *count({ to }: { readonly to: number }) {
      for (let number = 0; number < to; number += 1) yield number
    },
  }
  const service = serve(sleeperContract, handlers, transport)
  const options = { name: 'sleeper', idleMs, lingerMs, presence: transport.presence, signal }
  await untilAsleep(service, { ...options, rousing: createRousing(bus.store) })
  await service.stop()
  transport.close()
}

/** Starts the service as gilgul does: when somebody has called it since it fell asleep. Returns the end of that. */
function keep(idleMs: number, lingerMs: number): () => Promise<void> {
  const ending = new AbortController()
  let living: Promise<void> | undefined
  function look(): void {
    if (living || ending.signal.aborted || !rousing.isWanted('sleeper')) return
    living = live(idleMs, lingerMs, ending.signal).then(() => {
      living = undefined
      look()
    })
  }
  rousing.allow('sleeper', true)
  const endWatch = rousing.watch(look)
  look()
  return async () => {
    ending.abort()
    endWatch()
    await living
    rousing.allow('sleeper', false)
  }
}

test('a call to one that nobody would start fails at once', async () => {
  await assert.rejects(sleeper.take({ number: 0 }), { code: 'SERVICE_LOST' })
})

test('every call is answered once, however it falls between waking and sleeping', async () => {
  const pause = fc.oneof(fc.integer({ min: 0, max: 12 }), fc.constant(0))
  await fc.assert(
    fc.asyncProperty(fc.array(pause, { minLength: 1, maxLength: 25 }), async (pauses) => {
      taken.length = 0
      const end = keep(3, 3)
      const calls: Promise<unknown>[] = []
      for (const [number, pauseMs] of pauses.entries()) {
        calls.push(sleeper.take({ number }))
        await sleep(pauseMs)
      }
      await Promise.all(calls)
      await end()
      assert.deepEqual(
        taken.toSorted((left, right) => left - right),
        pauses.map((_, number) => number),
      )
    }),
    { numRuns: 25 },
  )
  assert.ok(lives > 25, `${lives} lives`)
})

test('a stream wakes it as well, and a wish that was there before its keeper is seen', async () => {
  rousing.allow('sleeper', true)
  const ticks = sleeper.count({ to: 9 })
  const first = ticks.next()
  await sleep(1)
  const end = keep(3, 1)
  const numbers = [(await first).value]
  for await (const number of ticks) numbers.push(number)
  assert.deepEqual(numbers, [0, 1, 2, 3, 4, 5, 6, 7, 8])
  await end()
})

test('who gives up waiting, or waits for one that is given up, is told so', async () => {
  taken.length = 0
  rousing.allow('sleeper', true)
  const stopping = new AbortController()
  const waiting = sleeper.take({ number: 1 }, { signal: stopping.signal })
  const late = sleeper.take({ number: 2 }, { timeoutMs: 20 })
  const lost = assert.rejects(sleeper.take({ number: 3 }), { code: 'SERVICE_LOST' })
  await assert.rejects(late, { code: 'DEADLINE_EXCEEDED' })
  stopping.abort()
  await assert.rejects(waiting, (error: RunaError) => error.code === 'CANCELLED')
  rousing.allow('sleeper', false)
  await lost
  assert.deepEqual(taken, [])
})
