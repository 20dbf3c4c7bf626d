import assert from 'node:assert/strict'
import { type ChildProcess, spawn } from 'node:child_process'
import { openSync, readFileSync, writeSync } from 'node:fs'
import { after, test } from 'node:test'
import { fileURLToPath } from 'node:url'
import { attachBus, type Bus } from '../bus.ts'
import { createTestBuses, until } from '../fixture.ts'

const TOPIC = { lossless: true, capacityBytes: 16_384 }
const KILLS = 3
/** Between two kills. */
const MESSAGES = 300
const [, , role = '', busPath = ''] = process.argv

/** This file is also the main of the processes that are killed. */
if (role === 'worker') await work(attachBus(busPath, { name: 'worker' }))

/** Writes down each message once it has worked on it, some in a later turn of the event loop. */
async function work(bus: Bus): Promise<never> {
  const log = openSync(`${busPath}.log`, 'a')
  const write = (number: number, redelivered: boolean) => writeSync(log, `${number} ${redelivered}\n`)
  bus.topic('work', TOPIC).subscribe(
    (message, { redelivered }) => {
      const number = Buffer.from(message).readInt32LE(0)
      if (number % 3 !== 0) return write(number, redelivered)
      return new Promise((resolve) => setImmediate(resolve)).then(() => write(number, redelivered))
    },
    { group: 'workers', concurrency: 3 },
  )
  bus.setState('ready')
  return new Promise(() => {})
}

const { newBus, seat } = createTestBuses()
const children = new Set<ChildProcess>()
after(() => {
  for (const child of children) child.kill('SIGKILL')
})

function startWorker(path: string): void {
  const program = [fileURLToPath(import.meta.url), 'worker', path]
  const child = spawn(process.execPath, program, { stdio: 'inherit' })
  children.add(child)
  child.once('exit', () => children.delete(child))
}

test('members of a group are killed again and again, and every message is worked on', async () => {
  const path = newBus()
  const bus = seat(path, 'test')
  const topic = bus.topic('work', TOPIC)
  const ready = () => bus.members().filter(({ state, name }) => name === 'worker' && state === 'ready')
  const message = Buffer.alloc(100)
  let published = 0
  for (let count = 0; count < 2; count += 1) startWorker(path)
  await until(() => ready().length === 2)
  for (let kills = 0; kills <= KILLS; kills += 1) {
    for (const end = published + MESSAGES; published < end; published += 1) {
      message.writeInt32LE(published, 0)
      await topic.publishWhenFree(message, { timeoutMs: 30_000 })
    }
    const [victim] = ready()
    if (victim === undefined || kills === KILLS) continue
    process.kill(victim.pid, 'SIGKILL')
    startWorker(path)
    await until(() => ready().length === 2 && ready().every(({ pid }) => pid !== victim.pid))
  }
  const lines = () => readFileSync(`${path}.log`, 'utf8').split('\n').filter(Boolean)
  const numbers = (of: readonly string[]) => of.map((line) => Number(line.split(' ')[0]))
  await until(() => new Set(numbers(lines())).size === published)
  // Whatever comes a second time says so.
  const first = numbers(lines().filter((line) => line.endsWith('false')))
  assert.equal(new Set(first).size, first.length)
})
