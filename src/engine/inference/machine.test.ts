import assert from 'node:assert/strict'
import { test } from 'node:test'
import { formatBytes, readMemory, reserveBytes, suggestModels } from './machine.ts'

const GIBIBYTE = 2 ** 30

test('this machine has memory', async () => {
  const memory = await readMemory()
  assert.ok(
    memory.totalBytes >= memory.freeBytes &&
      memory.freeBytes > reserveBytes({ ...memory, totalBytes: 1 }) / 8,
  )
})

test('a model fits well, tightly or not at all, by memory and by disk', () => {
  const model = (name: string, memoryBytes: number, sizeBytes = 1) => ({
    name,
    memoryBytes,
    sizeBytes,
    purpose: 'chat',
    fileName: 'f',
    licence: 'MIT',
  })
  const known = [
    model('huge', 9 * GIBIBYTE),
    model('tight', 5 * GIBIBYTE),
    model('small', GIBIBYTE),
    model('good', 3 * GIBIBYTE),
    model('long', GIBIBYTE, 1_000),
  ]
  const suggested = suggestModels(known, {
    memory: { totalBytes: 8 * GIBIBYTE, freeBytes: 0 },
    diskFree: 100,
    cores: 2,
  })
  assert.deepEqual(
    suggested.map(({ name, fits }) => `${name} ${fits}`),
    ['good well', 'small well', 'tight tight', 'huge no', 'long no'],
  )
})

test('sizes are written as people read them', () => {
  assert.deepEqual([5e6, 300.4e6, 1.26e9, 16e9].map(formatBytes), ['5.0 MB', '300 MB', '1.3 GB', '16 GB'])
})
