import assert from 'node:assert/strict'
import { type ChildProcess, spawn } from 'node:child_process'
import { closeSync, mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { after, test } from 'node:test'
import { fileURLToPath } from 'node:url'
import { createKey } from '#kernel/seal'
import { attachBus, createBus } from '#kernel/splinter'
import { clockContract } from '#protocol'
import { createBirth } from './birth.ts'
import { awaitService, createBusTransport } from './bus-transport.ts'
import { call, listen } from './call.ts'
import { runService } from './run-service.ts'
import { createWays, privateBusPath, privateBusVariable, type Ways } from './ways.ts'

/** This file is also the main of the service that it tests. */
async function runClock(): Promise<void> {
  await runService(clockContract, ({ emit }) => ({
    handlers: {
      async now() {
        emit('alarm', { time: 7 })
        return { time: process.pid }
      },
      async *tick() {
        for (let count = 0; ; count += 1) yield { time: 42, count }
      },
    },
  }))
}

// Started as the service, this file ends here.
if (process.argv[2] === 'clock') await runClock()

const folder = mkdtempSync('/dev/shm/runa-private-way-test-')
const path = join(folder, 'bus')
const words = new Map([['clock', createKey()]])
const children: ChildProcess[] = []
const opened: Ways[] = []
after(() => {
  for (const ways of opened) ways.close()
  for (const child of children) child.kill('SIGKILL')
  rmSync(folder, { recursive: true })
})

createBus({ path, sizeBytes: 16 * 2 ** 20, seals: 'words' })
const secret = words.get('clock') as Buffer
createBus({ path: privateBusPath(path, 'clock'), sizeBytes: 8 * 2 ** 20, seals: 'everything', secret })

function start(): ChildProcess {
  const birth = createBirth({ identity: undefined, words })
  const child = spawn(process.execPath, [fileURLToPath(import.meta.url), 'clock'], {
    env: { ...process.env, RUNA_BUS: path, [privateBusVariable('clock')]: privateBusPath(path, 'clock') },
    stdio: ['pipe', 'inherit', 'inherit', 'ignore', birth],
  })
  closeSync(birth)
  children.push(child)
  return child
}

function waysOf(name: string, keys = words): Ways {
  const main = createBusTransport(attachBus(path, { name, words: keys }))
  const pathTo = (service: string) => (service === 'clock' ? privateBusPath(path, service) : undefined)
  const ways = createWays(main, { name, words: keys }, pathTo)
  opened.push(ways)
  return ways
}

test('a service with a private bus is waited for anywhere, called there, and seen to die there', async () => {
  const child = start()
  const ways = waysOf('caller')
  const [main, way] = [ways.to('tieto'), ways.to('clock')]
  assert.equal(ways.to('clock'), way)
  // Whoever watches over services does so on the bus of all.
  await awaitService(main, 'clock', { timeoutMs: 20_000 })
  await awaitService(way, 'clock', { timeoutMs: 1_000 })
  const alarm = new Promise((resolve) => void listen(clockContract, way, { alarm: resolve }))
  assert.deepEqual(await call(clockContract, way).now({}), { time: child.pid })
  assert.deepEqual(await alarm, { time: 7 })
  await assert.rejects(call(clockContract, main).now({}), {
    code: 'UNKNOWN_OPERATION',
    message: /bus of its own/,
  })
  await assert.rejects(call(clockContract, main).tick({ everyMs: 1 }).next(), { code: 'UNKNOWN_OPERATION' })
  const memory = readFileSync(privateBusPath(path, 'clock'))
  assert.ok(memory.includes('alarm') && !memory.includes('"time"'), 'names are clear, contents are not')

  const died = new Promise<void>((resolve) => void way.presence?.watch('clock', resolve))
  child.kill('SIGKILL')
  await died
  assert.equal(way.presence?.silentMs('clock'), undefined)
  const next = start()
  await awaitService(way, 'clock', { timeoutMs: 20_000 })
  assert.deepEqual(await call(clockContract, way).now({}), { time: next.pid })
})

test('without its key nobody takes a seat on a private bus', () => {
  assert.throws(() => waysOf('stranger', new Map()).to('clock'), { code: 'BUS_KEY_MISSING' })
  assert.throws(() => waysOf('stranger', new Map([['clock', createKey()]])).to('clock'), {
    code: 'BUS_KEY_WRONG',
  })
})
