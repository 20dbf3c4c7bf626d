import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import fs from 'node:fs'
import { syncBuiltinESMExports } from 'node:module'
import { test } from 'node:test'
import { fileURLToPath } from 'node:url'
import { attachBus } from '../bus.ts'
import { createTestBuses, until } from '../fixture.ts'

const [, , role = '', busPath = ''] = process.argv

/** This file is also the main of the process that is killed. */
if (role === 'publisher') await publishAndDie(busPath)

/** Dies between the commit of a message and the bell: instead of ringing it. */
function publishAndDie(path: string): Promise<never> {
  const bus = attachBus(path, { name: 'publisher' })
  fs.writeSync = () => {
    process.kill(process.pid, 'SIGKILL')
    return 0
  }
  syncBuiltinESMExports()
  setInterval(() => {
    bus.store.add('published', 1n)
    bus.topic('news').publish(Buffer.alloc(1))
  }, 2)
  return new Promise(() => {})
}

const { newBus, seat } = createTestBuses()

test('a message whose publisher dies before it rings is heard, though nobody else publishes', async () => {
  const path = newBus()
  const bus = seat(path, 'subscriber')
  let heard = 0n
  bus.topic('news').subscribe(() => {
    heard += 1n
  })
  const publisher = spawn(process.execPath, [fileURLToPath(import.meta.url), 'publisher', path])
  const [, signal] = await once(publisher, 'exit')
  assert.equal(signal, 'SIGKILL')
  const published = bus.store.load('published') ?? 0n
  assert.ok(published > 0n)
  await until(() => heard === published)
})
