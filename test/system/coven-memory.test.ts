import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { randomBytes } from 'node:crypto'
import { once } from 'node:events'
import { readFileSync } from 'node:fs'
import { after, test } from 'node:test'
import { pathToFileURL } from 'node:url'
import { packageFolder } from '#kernel/home'
import { createByteScan } from './byte-scan.ts'
import { type MemoryHit, scanMemory } from './memory-scan.ts'
import { createTestRuna, type TestRuna } from './test-runa.ts'

const runa = createTestRuna()
after(() => runa.remove())

/** Only root may look into a process that has closed itself. */
const skip = process.getuid?.() !== 0 && 'Only root can look into closed memory.'

const createCanary = () => `zq${randomBytes(12).toString('hex')}`
const tell = (hits: readonly MemoryHit[]) =>
  hits
    .filter(({ isSwappable, isDumped }) => isSwappable || isDumped)
    .map(({ mapping, form }) => `${mapping} as ${form}`)

function coreLimitOf(pid: number): string | undefined {
  return /^Max core file size\s+(\S+)\s+(\S+)/m.exec(readFileSync(`/proc/${pid}/limits`, 'latin1'))?.[2]
}

/** Where what was stored stands. gilgul hands it on, and its memory is not coven's. */
async function look(home: TestRuna, canaries: readonly string[]): Promise<readonly string[]> {
  const scan = createByteScan(canaries)
  const inFiles = [...scan.folder(home.home), ...scan.folder(home.busFolder)]
  const pids = home.processes()
  const inProcesses = pids.flatMap((pid) => scan.process(pid))
  const inMemory = tell(scanMemory(home.state().ancestor.pid, canaries))
  return [...[...inFiles, ...inProcesses].map(({ place, form }) => `${place} as ${form}`), ...inMemory]
}

test('what the vault holds stands in no file, log, argument, environment, or memory that may reach a disk', {
  skip,
}, async () => {
  await runa.start()
  const [kept, removed, read] = [createCanary(), createCanary(), createCanary()]
  for (const [name, value] of Object.entries({ kept, removed, read }))
    assert.equal((await runa.runaWith(value, 'secret', 'set', name)).status, 0)
  await runa.ask('secret', 'remove', 'removed')
  assert.equal((await runa.runa('secret', 'get', 'read')).stdout, read)
  assert.deepEqual(await look(runa, [kept, removed, read]), [])
  for (const pid of runa.processes()) assert.equal(coreLimitOf(pid), '0')
  assert.equal((await runa.ask('secret', 'seal'))['vault'], 'sealed')
  assert.deepEqual(await look(runa, [kept, removed, read]), [])
  // Not even where it is guarded: all of it was wiped.
  assert.deepEqual(scanMemory(runa.state().ancestor.pid, [kept, removed, read]), [])
})

const HOLDER = `
  const { readFileSync } = await import('node:fs')
  const { mapGuardedMemory } = await import(process.argv[1])
  const bytes = readFileSync(0)
  const held = process.argv[2] === 'ordinary' ? Buffer.alloc(bytes.length) : mapGuardedMemory(4096, process.argv[2]).bytes
  for (let at = 0; at < bytes.length; at += 1) held[at] = bytes[at] ^ 0x55
  globalThis.held = held
  console.log('held')
  setInterval(() => {}, 1_000)`

/** A process that holds a word in memory of some kind, and got to know it only in disguise. */
async function scanHolder(kind: string, word: string): Promise<MemoryHit[]> {
  const sys = pathToFileURL(packageFolder('dist/src/kernel/sys/index.js')).href
  const words = ['--input-type=module', '-e', HOLDER, sys, kind]
  const child = spawn(process.execPath, words, { stdio: ['pipe', 'pipe', 'inherit'] })
  try {
    child.stdin.end(Buffer.from(word).map((byte) => byte ^ 0x55))
    await once(child.stdout, 'data')
    return scanMemory(child.pid ?? 0, [word])
  } finally {
    child.kill('SIGKILL')
  }
}

test('the same look finds what is planted, and tells where it is guarded', { skip }, async () => {
  const word = createCanary()
  const kinds = ['ordinary', 'open', 'locked', 'secret']
  const [inOrdinary = [], inOpen = [], inLocked = [], inSecret = []] = await Promise.all(
    kinds.map((kind) => scanHolder(kind, word)),
  )
  assert.ok(tell(inOrdinary).length > 0)
  assert.ok(inOpen.some(({ isSwappable, isDumped }) => isSwappable && !isDumped))
  assert.ok(inLocked.length > 0)
  assert.deepEqual(tell(inLocked), [])
  assert.deepEqual(tell(inSecret), [])
})
