import assert from 'node:assert/strict'
import { closeSync, readSync, writeSync } from 'node:fs'
import { test } from 'node:test'
import fc from 'fast-check'
import { createKey } from '#kernel/seal'
import { type Estate, readEstate, writeEstate } from './estate.ts'
import { clearEstateMemory, createEstateMemory, openEstateMemory } from './memory.ts'

const HALF = 64
const ESTATE: Estate = {
  bus: '/bus',
  busSealed: true,
  stopping: false,
  services: {
    tieto: {
      ...{
        digest: 'd',
        birth: 3,
        process: { pid: 7, startTicks: 9 },
        logStart: 12,
        readyAtMs: 5.5,
        restarts: 2,
      },
      patience: { deaths: [1, 2], failedStarts: 0, attempts: 1 },
    },
  },
}

function withMemory(use: (fd: number) => void): void {
  const fd = createEstateMemory()
  try {
    use(fd)
  } finally {
    closeSync(fd)
  }
}

test('a new estate is empty, and one that was cleared is again', () =>
  withMemory((fd) => {
    const memory = openEstateMemory(fd)
    assert.deepEqual([memory.read(), memory.readRoot()], [undefined, undefined])
    const root = createKey()
    memory.writeRoot(root)
    writeEstate(memory, ESTATE)
    assert.deepEqual(openEstateMemory(fd).readRoot(), root)
    assert.deepEqual(readEstate(openEstateMemory(fd)), ESTATE)
    clearEstateMemory(fd)
    assert.deepEqual([memory.read(), memory.readRoot()], [undefined, undefined])
  }))

test('the next reads what was written last, however long', () =>
  withMemory((fd) => {
    const memory = openEstateMemory(fd)
    fc.assert(
      fc.property(fc.array(fc.string({ maxLength: 5_000 }), { minLength: 1, maxLength: 5 }), (texts) => {
        for (const text of texts) memory.write(text)
        assert.equal(openEstateMemory(fd).read(), Buffer.from(texts.at(-1) ?? '').toString())
      }),
      { numRuns: 50 },
    )
  }))

test('a writer that dies leaves the estate before, or the new one: never a mixture', () =>
  withMemory((fd) => {
    const memory = openEstateMemory(fd)
    for (const text of ['first', 'second']) memory.write(text)
    const before = snapshot(fd)
    memory.write('third')
    const after = snapshot(fd)
    const changed = [...after.keys()].filter((index) => after[index] !== before[index])
    assert.ok(changed.length > 0)
    for (const stop of changed) {
      for (const order of ['head last', 'head first'] as const) {
        const torn = Buffer.from(order === 'head last' ? before : after)
        const source = order === 'head last' ? after : before
        source.copy(torn, HALF, HALF, stop)
        writeSync(fd, torn, 0, torn.length, 0)
        assert.ok(['second', 'third'].includes(openEstateMemory(fd).read() ?? ''), `${order} ${stop}`)
      }
    }
  }))

test('what is too long is refused, and the one before stays', () =>
  withMemory((fd) => {
    const memory = openEstateMemory(fd)
    memory.write('before')
    assert.throws(() => memory.write('x'.repeat(2 ** 18)), { code: 'SERVICE_FAILED' })
    assert.equal(memory.read(), 'before')
  }))

test('what cannot be understood counts as nothing', () =>
  withMemory((fd) => {
    const memory = openEstateMemory(fd)
    for (const text of ['{', '{}', JSON.stringify({ ...ESTATE, services: { tieto: {} } })]) {
      memory.write(text)
      assert.equal(readEstate(memory), undefined)
    }
  }))

function snapshot(fd: number): Buffer {
  const bytes = Buffer.alloc(2 ** 12)
  readSync(fd, bytes, 0, bytes.length, 0)
  return bytes
}
