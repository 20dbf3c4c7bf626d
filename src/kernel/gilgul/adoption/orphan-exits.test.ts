import assert from 'node:assert/strict'
import { test } from 'node:test'
import { createOrphanExits } from './orphan-exits.ts'

const PROCESS = { pid: 7, startTicks: 100 }
const exit = (process: typeof PROCESS, code: number) => ({ process, code, signal: null })

test('an exit is told whether it comes before or after somebody asks', async () => {
  const exits = createOrphanExits(() => true)
  const asked = exits.of(PROCESS)
  exits.hear(exit(PROCESS, 3))
  assert.equal((await asked).code, 3)
  assert.equal((await exits.of(PROCESS)).code, 3)
})

test('another process that was given the same number is not taken for it', async () => {
  const exits = createOrphanExits(() => true)
  exits.hear(exit({ ...PROCESS, startTicks: 99 }, 1))
  const asked = exits.of(PROCESS)
  exits.hear(exit(PROCESS, 2))
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
