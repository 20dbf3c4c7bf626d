import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { test } from 'node:test'
import { childStartTicks } from '#kernel/sys'
import { createOrphanExits } from './orphan-exits.ts'

const PROCESS = { pid: 7, startTicks: 100 }
const exit = (process: typeof PROCESS, code: number) => ({ process, code, signal: null })
const LIVING = { isThere: () => true, isTold: () => true }

/** The looks hold no process awake: gilgul has a bus that does. */
async function awake<Result>(wait: Promise<Result>): Promise<Result> {
  const held = setInterval(() => {}, 1_000)
  return await wait.finally(() => clearInterval(held))
}

test('an exit is told whether it comes before or after somebody asks', async () => {
  const exits = createOrphanExits(LIVING)
  const asked = exits.of(PROCESS)
  exits.hear(exit(PROCESS, 3))
  assert.equal((await asked).code, 3)
  assert.equal((await exits.of(PROCESS)).code, 3)
})

test('another process that was given the same number is not taken for it', async () => {
  const exits = createOrphanExits(LIVING)
  exits.hear(exit({ ...PROCESS, startTicks: 99 }, 1))
  const asked = exits.of(PROCESS)
  exits.hear(exit(PROCESS, 2))
  assert.equal((await asked).code, 2)
})

test('of very many that nobody asks for, the oldest are forgotten', async () => {
  let isThere = true
  const exits = createOrphanExits({ isThere: () => isThere, isTold: () => true, lookEveryMs: 1 })
  for (let pid = 1; pid <= 300; pid += 1) exits.hear(exit({ pid, startTicks: 1 }, 4))
  assert.equal((await exits.of({ pid: 300, startTicks: 1 })).code, 4)
  isThere = false
  assert.equal((await awake(exits.of({ pid: 1, startTicks: 1 }))).code, null)
})

test('one that is gone without word is known to be gone, and not how', async () => {
  let looks = 0
  const isThere = () => {
    looks += 1
    return looks < 5
  }
  const exits = createOrphanExits({ isThere, isTold: () => true, lookEveryMs: 1 })
  const { code, signal } = await awake(exits.of(PROCESS))
  assert.deepEqual([code, signal], [null, null])
})

test('one that belongs to somebody else is looked at, and its status is read', async () => {
  const child = spawn('sh', ['-c', 'read line; exit 9'], { stdio: ['pipe', 'ignore', 'ignore'] })
  const pid = child.pid ?? assert.fail('it was not started')
  const startTicks = childStartTicks(pid) ?? assert.fail('it has ended')
  const exits = createOrphanExits({ isTold: () => false, lookEveryMs: 1 })
  const asked = exits.of({ pid, startTicks })
  child.stdin.end('\n')
  const { code } = await awake(asked)
  // Linux before 6.15 tells nobody but the parent, once that has waited.
  assert.ok(code === 9 || code === null, `${code}`)
})
