import assert from 'node:assert/strict'
import { test } from 'node:test'
import { createTestBuses, until } from '../fixture.ts'
import { openSegment } from '../segment/segment.ts'
import { rowWord, SLEEPING } from './members.ts'
import { ringIfAsleep } from './pump.ts'

const { newBus, seat } = createTestBuses()

test('whoever cannot ring leaves the flag of the sleeper to the next one', async () => {
  const path = newBus()
  seat(path, 'sleeper')
  const segment = openSegment(path)
  const flag = rowWord(segment, 0) + SLEEPING
  const asleep = () => Atomics.load(segment.words, flag)
  await until(() => asleep() !== 0)
  ringIfAsleep(segment, 0, () => false)
  assert.notEqual(asleep(), 0)
  ringIfAsleep(segment, 0, () => true)
  assert.equal(asleep(), 0)
})

test('a late ringer does not take the sleep of the next holder of a row for that of the last', async () => {
  const path = newBus()
  const segment = openSegment(path)
  const flag = rowWord(segment, 0) + SLEEPING
  const asleep = () => Atomics.load(segment.words, flag)
  const numbers: number[] = []
  for (const name of ['first', 'second', 'third']) {
    const bus = seat(path, name)
    await until(() => asleep() !== 0)
    numbers.push(asleep())
    bus.close()
  }
  assert.equal(new Set(numbers).size, 3)
})
