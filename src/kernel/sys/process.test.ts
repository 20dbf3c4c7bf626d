import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { test } from 'node:test'
import { isProcessAlive, processStartTicks } from './index.ts'

const SYS = new URL('index.js', import.meta.url).href

/** Uses up all descriptors, and then looks at its parent, and at a process that is not there. */
const PROGRAM = `
  import { openSync } from 'node:fs'
  import { isProcessAlive, processStartTicks } from '${SYS}'
  const { ppid } = process
  const startTicks = processStartTicks(ppid)
  try { for (;;) openSync('/dev/null') } catch {}
  const seen = [processStartTicks(ppid) ?? null, isProcessAlive(ppid, startTicks), isProcessAlive(2 ** 30, 1)]
  process.stdout.write(JSON.stringify(seen))
`

test('a process is known by its number and its start', () => {
  const startTicks = processStartTicks(process.pid) ?? assert.fail('this process is not there')
  assert.equal(isProcessAlive(process.pid, startTicks), true)
  assert.equal(isProcessAlive(process.pid, startTicks - 1), false)
  assert.equal(isProcessAlive(2 ** 30, startTicks), false)
})

test('one that lives is not taken for dead where no descriptor is left to look with', () => {
  const words = ['-c', 'ulimit -n 64; exec "$0" --input-type=module -e "$1"', process.execPath, PROGRAM]
  const { stdout, stderr } = spawnSync('sh', words, { encoding: 'utf8' })
  assert.equal(stdout, '[null,true,false]', stderr)
})
