import assert from 'node:assert/strict'
import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { after, before, test } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import { createBus } from '#kernel/splinter'
import { clockContract } from '#protocol'
import { awaitService } from './bus-transport.ts'
import { call, listen } from './call.ts'
import { type Connection, connect } from './connect.ts'
import { runService } from './run-service.ts'

/** This file is also the main of the service that it tests. */
async function runClock(): Promise<void> {
  await runService(clockContract, async ({ emit, log }) => ({
    handlers: {
      async now() {
        emit('alarm', { time: 7 })
        return { time: process.pid }
      },
      async *tick({ everyMs }, { signal }) {
        for (let count = 0; ; count += 1) {
          await sleep(everyMs, undefined, { signal })
          yield { time: 42, count }
        }
      },
    },
    close: () => log('closed'),
  }))
}

// Started as the service, this file ends here.
if (process.argv[2] === 'clock') await runClock()

const folder = mkdtempSync('/dev/shm/runa-service-test-')
const path = join(folder, 'bus')
const children: ChildProcess[] = []
let connection: Connection

before(async () => {
  createBus({ path, sizeBytes: 16 * 2 ** 20 })
  connection = await connect(path, 'test')
})
after(() => {
  connection.close()
  for (const child of children) child.kill('SIGKILL')
  rmSync(folder, { recursive: true })
})

function start(service: string, environment: NodeJS.ProcessEnv = { RUNA_BUS: path, RUNA_SERVICE: service }) {
  const child = spawn(process.execPath, [fileURLToPath(import.meta.url), 'clock'], {
    env: { ...process.env, ...environment },
    stdio: ['pipe', 'inherit', 'pipe'],
  })
  children.push(child)
  const exit = once(child, 'exit') as Promise<[number | null, string | null]>
  let log = ''
  child.stderr?.setEncoding('utf8').on('data', (text: string) => {
    log += text
  })
  return { child, exit, log: () => log }
}

async function startReady(service: string) {
  const started = start(service)
  await awaitService(connection.transport, service, { timeoutMs: 20_000 })
  return { ...started, clock: call(clockContract, connection.transport, { service }) }
}

test('instances of one contract answer under names of their own, and their events can be told apart', async () => {
  const [first, second] = await Promise.all([startReady('clock-a'), startReady('clock-b')])
  const heard: string[] = []
  const listeners = { alarm: () => void heard.push('a') }
  const endListening = listen(clockContract, connection.transport, listeners, { service: 'clock-a' })
  assert.deepEqual(await second.clock.now({}), { time: second.child.pid })
  assert.deepEqual(await first.clock.now({}), { time: first.child.pid })
  while (heard.length === 0) await sleep(1)
  assert.deepEqual(heard, ['a'])
  endListening()
  first.child.kill('SIGTERM')
  second.child.kill('SIGTERM')
  assert.deepEqual(await Promise.all([first.exit, second.exit]), [
    [0, null],
    [0, null],
  ])
  assert.match(first.log(), /"event":"closed"/)
})

test('an open call fails at once when its service is killed, and the next one reaches its successor', async () => {
  const first = await startReady('clock')
  const ticks = first.clock.tick({ everyMs: 1 })
  assert.equal((await ticks.next()).value?.count, 0)
  first.child.kill('SIGKILL')
  await assert.rejects(async () => {
    for await (const _ of ticks);
  }, /clock died before it had answered|clock is not running/)
  await first.exit
  await assert.rejects(first.clock.now({}), { code: 'SERVICE_LOST' })
  const second = await startReady('clock')
  assert.deepEqual(await first.clock.now({}), { time: second.child.pid })
  second.child.kill('SIGTERM')
  await second.exit
})

test('the debugger of a service stays closed, since other users could reach it', async () => {
  const { child, exit, log, clock } = await startReady('clock-debug')
  child.kill('SIGUSR1')
  for (let calls = 0; calls < 20; calls += 1) await clock.now({})
  child.kill('SIGTERM')
  await exit
  assert.doesNotMatch(log(), /debugger/i)
})

test('a service ends by itself when its supervisor lets go of it, and running calls end with it', async () => {
  const { child, exit, clock } = await startReady('clock')
  const ticks = clock.tick({ everyMs: 1 })
  await ticks.next()
  child.kill('SIGINT')
  child.stdin?.destroy()
  await assert.rejects(
    async () => {
      for await (const _ of ticks);
    },
    { code: 'SERVICE_LOST' },
  )
  assert.deepEqual(await exit, [0, null])
})

test('a service that hangs is given up when its heartbeats stay away', async () => {
  const { child, exit } = await startReady('clock')
  const clock = call(clockContract, connection.transport, { silenceMs: 1_200 })
  const ticks = clock.tick({ everyMs: 60_000 })
  const tick = ticks.next()
  child.kill('SIGSTOP')
  await assert.rejects(tick, { code: 'SERVICE_LOST', message: /silent/ })
  child.kill('SIGKILL')
  await exit
})

test('each call leaves one line in the log', async () => {
  const { child, exit, clock, log } = await startReady('clock')
  await clock.now({})
  child.kill('SIGTERM')
  await exit
  const lines = log()
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line))
  const [record] = lines.filter((line) => line.operation === 'now')
  assert.equal(record.outcome, 'OK')
  assert.equal(record.service, 'clock')
  assert.deepEqual(record.input, {})
})

test('a start without a bus ends with a sentence', async () => {
  const { exit, log } = start('clock', { RUNA_BUS: join(folder, 'nowhere') })
  assert.deepEqual(await exit, [1, null])
  assert.match(log(), /^clock cannot start: Runa is not running: .* \[NOT_RUNNING\]\n.*\n$/)
})
