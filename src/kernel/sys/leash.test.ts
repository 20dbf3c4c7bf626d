import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { closeSync } from 'node:fs'
import { test } from 'node:test'
import { openLeash, tieLeash } from './leash.ts'
import { createPipe } from './pipe.ts'

test('whoever is on a leash is ended once nobody holds its other end, and no sooner', async () => {
  const { readEnd, writeEnd } = createPipe()
  // One that holds it beside us, as gilgul does beside its ancestor.
  const holder = spawn('sleep', ['60'], { stdio: ['ignore', 'ignore', 'ignore', writeEnd] })
  const leash = openLeash(readEnd)
  const script = "trap '' HUP; sleep 60 & echo $!; wait"
  const child = spawn('sh', ['-c', script], { stdio: ['ignore', 'pipe', 'ignore', leash], detached: true })
  const closed = once(child, 'close')
  await once(child.stdout ?? assert.fail(), 'data')
  assert.ok(tieLeash(leash, child.pid ?? 0, 'SIGTERM'))
  for (const fd of [leash, writeEnd, readEnd]) closeSync(fd)
  assert.equal(child.signalCode, null)
  holder.kill('SIGKILL')
  // What it has started holds its output, and is ended with it.
  assert.deepEqual(await closed, [null, 'SIGTERM'])
})

test('there is no leash on what is no descriptor', () => {
  assert.ok(!tieLeash(1_000_000, process.pid, 'SIGTERM'))
})
