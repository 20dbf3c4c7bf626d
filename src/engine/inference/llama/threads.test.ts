import assert from 'node:assert/strict'
import { test } from 'node:test'
import { chooseThreads, threadsMax } from './threads.ts'

test('one core stays free, and less may be wanted', () => {
  assert.deepEqual(
    [threadsMax(0, 1), threadsMax(0, 2), threadsMax(0, 8), threadsMax(3, 8), threadsMax(64, 8)],
    [1, 1, 7, 3, 7],
  )
})

test('threads are added for as long as they help', async () => {
  const measured: number[] = []
  const choose = (most: number, durations: Readonly<Record<number, number>>) =>
    chooseThreads(most, async (threads) => {
      measured.push(threads)
      return durations[threads] ?? Number.NaN
    })
  assert.equal(await choose(7, { 1: 100, 2: 55, 4: 30, 7: 29 }), 4)
  // The pitfall: another program takes a core, and two threads are a hundred times slower than one.
  assert.equal(await choose(7, { 1: 100, 2: 10_000 }), 1)
  assert.equal(await choose(3, { 1: 100, 2: 60, 3: 40 }), 3)
  measured.length = 0
  assert.equal(await choose(1, {}), 1)
  assert.deepEqual(measured, [])
})
