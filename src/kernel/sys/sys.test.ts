import assert from 'node:assert/strict'
import { execFileSync, spawn } from 'node:child_process'
import { once } from 'node:events'
import { closeSync, ftruncateSync, mkdtempSync, openSync, readFileSync, rmSync, statSync } from 'node:fs'
import { url } from 'node:inspector'
import { join } from 'node:path'
import { after, test } from 'node:test'
import { isByteLocked, lockByte, unlockByte } from './byte-lock.ts'
import { makeFifo } from './fifo.ts'
import { futexWait, futexWake } from './futex.ts'
import { libc } from './libc.ts'
import { allocateFile, mapFile } from './memory.ts'
import {
  forbidCoreDumps,
  processStartTicks,
  setParentDeathSignal,
  setUndumpable,
  tracerOf,
} from './process.ts'
import { createSealedMemory, isSealedMemory } from './sealed-memory.ts'
import { createSocketPair, socketMaker } from './socket-pair.ts'
import { createRestlessness, createSpin, RESTLESS_MS } from './spin.ts'

const folder = mkdtempSync('/dev/shm/runa-sys-test-')
after(() => rmSync(folder, { recursive: true }))

function createFile(name: string, sizeBytes = 4_096): string {
  const path = join(folder, name)
  const fd = openSync(path, 'wx+')
  allocateFile(fd, sizeBytes)
  closeSync(fd)
  return path
}

test('an allocated file has real blocks, and one that fits nowhere is refused by name', () => {
  const path = createFile('real', 65_536)
  assert.ok(statSync(path).blocks * 512 >= 65_536)
  const fd = openSync(path, 'r+')
  assert.throws(() => allocateFile(fd, 2 ** 50), { code: 'ENOSPC', syscall: 'posix_fallocate' })
})

test('two mappings of a file are one memory, with atomic operations', () => {
  const path = createFile('mapped')
  const [left, right] = [openSync(path, 'r+'), openSync(path, 'r+')].map((fd) => new Int32Array(mapFile(fd)))
  assert.ok(left && right)
  Atomics.store(left, 7, 41)
  assert.equal(Atomics.add(right, 7, 1), 41)
  assert.equal(Atomics.load(left, 7), 42)
})

test('what cannot be mapped is refused by name', () => {
  const path = createFile('to-read-only')
  assert.throws(() => mapFile(openSync(path, 'r')), { code: 'EACCES', syscall: 'mmap' })
})

test('a byte is locked by one opening of the file at a time, until that is closed', () => {
  const path = createFile('locked')
  const [mine, other] = [openSync(path, 'r+'), openSync(path, 'r+')]
  assert.ok(lockByte(mine, 5))
  assert.ok(!lockByte(other, 5))
  assert.ok(lockByte(other, 6))
  assert.ok(isByteLocked(other, 5))
  assert.ok(!isByteLocked(other, 7))
  unlockByte(other, 6)
  assert.ok(!isByteLocked(mine, 6))
  closeSync(mine)
  assert.ok(!isByteLocked(other, 5))
  assert.throws(() => lockByte(mine, 5), { code: 'EBADF' })
})

test('a FIFO is made once', () => {
  const path = join(folder, 'fifo')
  makeFifo(path)
  assert.ok(statSync(path).isFIFO())
  assert.equal(statSync(path).mode & 0o777, 0o600)
  assert.throws(() => makeFifo(path), { code: 'EEXIST' })
})

test('a process is known by pid and start time', () => {
  const started = processStartTicks(process.pid)
  assert.ok(started !== undefined && started > 0)
  assert.equal(processStartTicks(process.pid), started)
  assert.equal(processStartTicks(2 ** 22 + 1), undefined)
})

test('the kernel takes the wish to be told of a parent’s death', () => {
  setParentDeathSignal('SIGTERM')
})

test('a process can be closed to the eyes of others', async () => {
  const PR_GET_DUMPABLE = 3
  const dumpable = () => libc('int prctl(int, ulong, ulong, ulong, ulong)')(PR_GET_DUMPABLE, 0, 0, 0, 0)
  setUndumpable()
  assert.equal(dumpable(), 0)
  const heard = once(process, 'SIGUSR1')
  process.kill(process.pid, 'SIGUSR1')
  // Waiting for a signal alone keeps no process alive.
  const waiting = setInterval(() => {}, 1_000)
  await heard.finally(() => clearInterval(waiting))
  assert.equal(url(), undefined)
})

test('no crash of this process or its children leaves a core dump', () => {
  forbidCoreDumps()
  const ofChild = execFileSync('cat', ['/proc/self/limits'], { encoding: 'utf8' })
  for (const limits of [readFileSync('/proc/self/limits', 'utf8'), ofChild])
    assert.match(limits, /^Max core file size +0 +0 /m)
})

test('sealed memory keeps its size, and no file passes for it', () => {
  const fd = createSealedMemory('sys-test', 8_192)
  assert.ok(isSealedMemory(fd))
  for (const size of [4_096, 16_384]) assert.throws(() => ftruncateSync(fd, size), { code: 'EPERM' })
  assert.equal(mapFile(fd).byteLength, 8_192)
  closeSync(fd)
  const file = openSync(createFile('no-memory'), 'r+')
  assert.ok(!isSealedMemory(file))
  closeSync(file)
  assert.ok(!isSealedMemory(file))
})

test('a socket names who made it, and nothing else is one', () => {
  const [left, right] = createSocketPair()
  assert.deepEqual(socketMaker(left), { pid: process.pid, uid: process.getuid?.() })
  for (const fd of [left, right]) closeSync(fd)
  const file = openSync(createFile('no-socket'), 'r')
  assert.throws(() => socketMaker(file), { code: 'ENOTSOCK' })
})

test('a process that nobody traces has no tracer, and none that is gone can be asked', () => {
  assert.equal(tracerOf(process.pid), 0)
  assert.equal(tracerOf(2 ** 22 + 1), undefined)
})

test('a futex is waited for while its word stays the same, and only in mapped memory', () => {
  const words = new Int32Array(mapFile(openSync(createFile('futex'), 'r+')))
  words[3] = 7
  assert.ok(!futexWait(words, 3, 7, 1), 'the time is over')
  assert.ok(futexWait(words, 3, 8, 60_000), 'it has another value')
  futexWake(words, 3)
  assert.equal(words[3], 0)
  for (const [memory, index] of [
    [new Int32Array(8), 0],
    [words, -1],
    [words, words.length],
    [words, 0.5],
  ] as const)
    assert.throws(() => futexWake(memory, index), { code: 'EINVAL' })
})

test('who sleeps on a futex is woken by another process', async () => {
  const path = createFile('sleeper')
  const words = new Int32Array(mapFile(openSync(path, 'r+')))
  const source = `
    import { openSync } from 'node:fs'
    import { futexWait, mapFile } from ${JSON.stringify(new URL('./index.js', import.meta.url).href)}
    const words = new Int32Array(mapFile(openSync(${JSON.stringify(path)}, 'r+')))
    Atomics.store(words, 0, 1)
    while (Atomics.load(words, 0) === 1) if (!futexWait(words, 0, 1, 30_000)) process.exit(1)
    process.exit(words[0] === 0 ? 0 : 2)
  `
  const sleeper = spawn(process.execPath, ['--input-type=module', '--eval', source], { stdio: 'inherit' })
  while (Atomics.load(words, 0) === 0) await new Promise((resolve) => setTimeout(resolve, 1))
  futexWake(words, 0)
  const [status] = await once(sleeper, 'exit')
  assert.equal(status, 0)
})

test('a spin ends with what it looks for, or in vain', () => {
  const spin = createSpin()
  let looks = 0
  assert.ok(spin(() => ++looks > 3))
  for (let count = 0; count < 40; count += 1) assert.ok(!spin(() => false))
})

test('who sleeps often within a short time is restless, and again only after twice as many sleeps', () => {
  let nowMs = 0
  const isRestless = createRestlessness(() => nowMs)
  const restless = (stepMs: number) =>
    Array.from({ length: 1_000 }, () => {
      nowMs += stepMs
      return isRestless()
    }).filter(Boolean).length
  const [once, twice] = RESTLESS_MS > 0 ? [1, 2] : [0, 0]
  assert.equal(restless(0.05), twice)
  assert.equal(restless(0.05), once)
  assert.equal(restless(0.2), 0)
  assert.equal(restless(0.2), 0)
  assert.equal(restless(0.05), twice)
})
