import assert from 'node:assert/strict'
import { availableParallelism } from 'node:os'
import { test } from 'node:test'
import { createWakefulness, type Wakefulness } from './wakefulness.ts'

/** How many turns without work it lasts until it sleeps. */
function turnsAwake(wakefulness: Wakefulness): number {
  let turns = 0
  while (wakefulness.looksAgain()) turns += 1
  return turns
}

/** Work that comes alone, and long after the last. */
function wakeOnce(wakefulness: Wakefulness): number {
  wakefulness.found()
  return turnsAwake(wakefulness)
}

const single = availableParallelism() === 1 && 'a loop on a single core sleeps at once'

/** Each look at it takes so long. */
function clockOf(stepMs: number): () => number {
  let nowMs = 0
  return () => {
    nowMs += stepMs
    return nowMs
  }
}

test('a loop that is woken now and then sleeps at once', () => {
  const wakefulness = createWakefulness(clockOf(60))
  for (let count = 0; count < 2_000; count += 1) assert.equal(wakeOnce(wakefulness), 1)
})

test('a loop that is woken all the time tries ever more seldom to stay awake', { skip: single }, () => {
  const wakefulness = createWakefulness(clockOf(0.1))
  const turns = Array.from({ length: 2_000 }, () => wakeOnce(wakefulness))
  const awake = turns.filter((count) => count > 1)
  assert.equal(awake.length, 3)
  // 5 ms, as this clock goes.
  for (const count of awake) assert.ok(count >= 50 && count < 60)
})

test('a loop that finds work while it stays awake goes on so until that is in vain', { skip: single }, () => {
  const wakefulness = createWakefulness(clockOf(0.1))
  for (let count = 0; count < 249; count += 1) wakeOnce(wakefulness)
  wakefulness.found()
  for (let turn = 0; turn < 10; turn += 1) assert.ok(wakefulness.looksAgain())
  const turns = Array.from({ length: 7 }, () => wakeOnce(wakefulness))
  assert.deepEqual(turns, [32, 16, 8, 4, 2, 1, 1])
})
