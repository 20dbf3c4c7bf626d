import assert from 'node:assert/strict'
import { test } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import { call, createMemoryTransports, type Emit, serve, type Transport } from '#kernel/service'
import { clockContract, createEnvelope, type Envelope, type RunaError } from '#protocol'
import { forwardCalls, forwardEvents } from './forward.ts'
import { awaitHeartbeat } from './heartbeat.ts'

/** Waits on a condition: the test's own time limit ends a wait in vain. */
async function until(condition: () => boolean): Promise<void> {
  while (!condition()) await sleep(1)
}

/** A caller, the bridge, and the far end, where the program of the owner would be. */
function createBridge() {
  const [callerSide, nearSide] = createMemoryTransports()
  const [farSide, program] = createMemoryTransports()
  serve(clockContract, forwardCalls(clockContract, program), nearSide)
  return { clock: call(clockContract, callerSide), program, farSide }
}

/** A program that answers by hand. */
function answerAs(program: Transport, answer: (query: Envelope) => Partial<Envelope>) {
  const heard: Envelope[] = []
  program.listen((envelope) => {
    heard.push(envelope)
    const { from, call, trace, operation } = envelope
    if (envelope.type !== 'query') return
    const back = { from: 'clock', to: from, type: 'response', call, trace, operation } as const
    program.send(createEnvelope({ ...back, ...answer(envelope) }))
  })
  return heard
}

const heartbeat = (payload: unknown) =>
  createEnvelope({ from: 'clock', to: '*', type: 'heartbeat', payload, trace: createEnvelope(NOBODY).id })
const NOBODY = { from: 'a', to: 'b', type: 'event' } as const
const WELL = { version: 1, contractVersion: 1, running: 0 }

test('what the program answers reaches the caller, and its refusals keep their codes', async () => {
  const { clock, farSide } = createBridge()
  let answer: Partial<Envelope> = { payload: { time: 7 } }
  answerAs(farSide, () => answer)
  assert.deepEqual(await clock.now({}), { time: 7 })
  answer = { type: 'error', payload: { code: 'BUSY', message: 'Later.' } }
  await assert.rejects(clock.now({}), { code: 'BUSY', message: 'Later.' })
})

test('bad input never reaches the program, and a bad answer never reaches the caller', async () => {
  const { clock, farSide } = createBridge()
  const heard = answerAs(farSide, () => ({ payload: { time: 'dear diary' } }))
  await assert.rejects(clock.tick({ everyMs: 0 }).next(), { code: 'BAD_INPUT' })
  assert.deepEqual(heard, [])
  await assert.rejects(clock.now({}), (error: RunaError) => {
    return error.code === 'INTERNAL' && !error.message.includes('diary')
  })
})

test('a program sends no more of a stream than its reader has taken, and learns when it is given up', async () => {
  const { clock, farSide } = createBridge()
  let made = 0
  let cancelled = false
  const handlers = {
    now: async () => ({ time: 0 }),
    async *tick(_: unknown, { signal }: { readonly signal: AbortSignal }) {
      signal.addEventListener('abort', () => {
        cancelled = true
      })
      for (;;) yield { time: 0, count: made++ }
    },
  }
  serve(clockContract, handlers, farSide)
  const ticks = clock.tick({ everyMs: 1 })
  await ticks.next()
  const window = clockContract.operations.tick.windowItems
  await until(() => made >= window)
  for (let turn = 0; turn < 50; turn += 1) await new Promise(setImmediate)
  // One window waits on each of the two ways, and what was consumed came on top.
  assert.ok(made <= 3 * window, `${made} made`)
  await ticks.return()
  await until(() => cancelled)
})

test('an event that fits the contract is passed on, and another is dropped', async () => {
  const { program, farSide } = createBridge()
  const passed: unknown[] = []
  const emit: Emit<typeof clockContract> = (name, payload) => void passed.push([name, payload])
  forwardEvents(clockContract, program, emit)
  for (const payload of [{ time: -1 }, { time: 1 }]) {
    farSide.send(createEnvelope({ from: 'clock', to: '*', type: 'event', operation: 'alarm', payload }))
  }
  await until(() => passed.length > 0)
  assert.deepEqual(passed, [['alarm', { time: 1 }]])
})

test('a program is ready with its first heartbeat, and falls silent after ten missed ones', async () => {
  const { program, farSide } = createBridge()
  let silent = false
  const onSilence = () => {
    silent = true
  }
  const ready = awaitHeartbeat(clockContract, program, { onSilence, beatMs: 5 })
  farSide.send(heartbeat(WELL))
  await ready
  const beats = setInterval(() => farSide.send(heartbeat(WELL)), 1)
  await sleep(100)
  assert.ok(!silent)
  clearInterval(beats)
  await until(() => silent)
})

test('a program of another version is refused', async () => {
  for (const payload of [{ ...WELL, version: 2 }, { ...WELL, contractVersion: 2 }, {}, undefined]) {
    const { program, farSide } = createBridge()
    const ready = awaitHeartbeat(clockContract, program, { onSilence: () => {} })
    farSide.send(heartbeat(payload))
    await assert.rejects(ready, { code: 'CONFIG_INVALID', message: /"version": 1/ })
  }
})
