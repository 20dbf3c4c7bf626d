import assert from 'node:assert/strict'
import { test } from 'node:test'
import { createOrphanExits } from './orphan-exits.ts'

const PROCESS = { pid: 7, startTicks: 100 }
const line = (process: object, code: number) => JSON.stringify({ process, code, signal: null })

test('an exit is told whether it comes before or after somebody asks', async () => {
  const exits = createOrphanExits(() => true)
  const asked = exits.of(PROCESS)
  exits.hear(line(PROCESS, 3))
  assert.equal((await asked).code, 3)
  assert.equal((await exits.of(PROCESS)).code, 3)
})

test('another process that was given the same number is not taken for it', async () => {
  const exits = createOrphanExits(() => true)
  exits.hear(line({ ...PROCESS, startTicks: 99 }, 1))
  const asked = exits.of(PROCESS)
  exits.hear(line(PROCESS, 2))
  assert.equal((await asked).code, 2)
})

test('one that is gone without word is known to be gone, and not how', async () => {
  let isThere = true
  const exits = createOrphanExits(() => isThere)
  const asked = exits.of(PROCESS)
  for (let beat = 0; beat < 5; beat += 1) exits.look()
  isThere = false
  exits.look()
  exits.look()
  const { code, signal } = await asked
  assert.deepEqual([code, signal], [null, null])
})

test('what is no exit is passed over', () => {
  const exits = createOrphanExits()
  for (const said of ['', 'null', '{}', '{"process":null}', 'x']) exits.hear(said)
})
