import assert from 'node:assert/strict'
import { test } from 'node:test'
import { STATISTICS_WORDS } from '../segment/geometry.ts'
import { stampMicros } from './clock.ts'
import { readRow, StatisticsRow } from './row.ts'

const START = 16

function emptyMemory() {
  const memory = new ArrayBuffer((START + 2 * STATISTICS_WORDS) * 4)
  return { words: new Int32Array(memory), floats: new Float64Array(memory) }
}

test('what a member counts is what others read', () => {
  const memory = emptyMemory()
  const row = new StatisticsRow(memory, START, 257)
  row.sent(2, 96)
  row.received(3, 2 ** 33)
  row.count('waits', 1)
  row.count('redelivered', 4)
  row.arrived(stampMicros())
  row.arrived(0)
  row.took(700)
  const { latency, ...counters } = readRow(memory, START)
  assert.deepEqual(counters, {
    stamp: 257,
    sentMessages: 2,
    sentBytes: 96,
    waits: 1,
    waitedMs: 0,
    refused: 0,
    receivedMessages: 3,
    receivedBytes: 2 ** 33,
    lost: 0,
    expired: 0,
    redelivered: 4,
  })
  assert.equal(
    latency.reduce((sum, count) => sum + count),
    2,
  )
})

test('a row stays within its words', () => {
  const memory = emptyMemory()
  const row = new StatisticsRow(memory, START, 257)
  row.took(Number.POSITIVE_INFINITY)
  row.count('redelivered', 1)
  const outside = [...memory.words.subarray(0, START), ...memory.words.subarray(START + STATISTICS_WORDS)]
  assert.ok(outside.every((word) => word === 0))
})

test('the same member goes on with its row, and another one begins anew', () => {
  const memory = emptyMemory()
  new StatisticsRow(memory, START, 257).sent(1, 10)
  new StatisticsRow(memory, START, 257).sent(1, 10)
  assert.equal(readRow(memory, START).sentMessages, 2)
  new StatisticsRow(memory, START, 513)
  const { stamp, sentMessages } = readRow(memory, START)
  assert.deepEqual({ stamp, sentMessages }, { stamp: 513, sentMessages: 0 })
})
