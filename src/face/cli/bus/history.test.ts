import assert from 'node:assert/strict'
import { mkdtempSync, rmSync, statSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, test } from 'node:test'
import { attachBus, createBus } from '#kernel/splinter'
import { createHistory } from './history.ts'
import type { BusSession } from './session.ts'

const folder = mkdtempSync(join(tmpdir(), 'runa-bus-history-'))
const memory = mkdtempSync('/dev/shm/runa-bus-history-')
after(() => {
  for (const path of [folder, memory]) rmSync(path, { recursive: true })
})

function sessionOn(name: string, seals: 'nothing' | 'everything'): BusSession {
  const secret = seals === 'nothing' ? undefined : new Uint8Array(32)
  const path = join(memory, name, 'bus')
  createBus({ path, sizeBytes: 4 * 2 ** 20, inboxBytes: 65_536, seals, ...(secret ? { secret } : {}) })
  const bus = attachBus(path, { name: 'test', secret })
  return { place: { bus: path }, seat: async () => bus, close: bus.close }
}

test('lines are kept in a file of ones own, without repeats and without those that begin with a space', async () => {
  const session = sessionOn('clear', 'nothing')
  const path = join(folder, 'clear')
  for (const line of ['list', 'list', ' get a', 'set a secret', ''])
    await createHistory(path).add(line, session)
  assert.deepEqual(createHistory(path).lines(), ['set a secret', 'list'])
  assert.equal(statSync(path).mode & 0o777, 0o600)
  session.close()
})

test('what a bus seals is not kept in clear', async () => {
  const session = sessionOn('sealed', 'everything')
  const history = createHistory(join(folder, 'sealed'))
  for (const line of [
    'set a secret',
    'publish t secret',
    'set\ta secret',
    '"set" a secret',
    'set a "se\ncret"',
    'get a',
  ])
    await history.add(line, session)
  assert.deepEqual(history.lines(), ['get a'])
  session.close()
})

test('it is bounded, and one that cannot be written is passed over', async () => {
  const session = sessionOn('many', 'nothing')
  const history = createHistory('/proc/nowhere/history')
  for (let count = 0; count < history.linesMax + 5; count += 1) await history.add(`get ${count}`, session)
  assert.equal(history.lines().length, history.linesMax)
  assert.equal(history.lines()[0], `get ${history.linesMax + 4}`)
  session.close()
})
