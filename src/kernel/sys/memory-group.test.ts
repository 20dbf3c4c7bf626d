import assert from 'node:assert/strict'
import { test } from 'node:test'
import { memoryGroupOf, memoryKillsIn, parseMeminfo, readMemoryRoom } from './memory-group.ts'

test('memory is what programs can get, not what is unused', () => {
  const text = 'MemTotal:        8000000 kB\nMemFree:          100000 kB\nMemAvailable:    6000000 kB\n'
  assert.deepEqual(parseMeminfo(text), { totalBytes: 8_192_000_000, freeBytes: 6_144_000_000 })
})

test('there is room for this process, and its group has counted its kills', () => {
  const { freeBytes, totalBytes, limitedBy } = readMemoryRoom()
  assert.ok(freeBytes > 0 && totalBytes >= freeBytes && limitedBy !== 'rlimit')
  assert.ok(memoryKillsIn(memoryGroupOf('self')) >= 0)
})

test('nothing is known of a process that is not there', () => {
  assert.equal(memoryGroupOf(2 ** 22 + 1), undefined)
})
