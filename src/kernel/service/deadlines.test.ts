import assert from 'node:assert/strict'
import { test } from 'node:test'
import { startDeadline } from './deadlines.ts'

test('deadlines pass in their order, whatever the order in which they were set', async () => {
  const passed: number[] = []
  // One moment for all: a busy machine may let much time pass between one call and the next.
  const nowMs = performance.now()
  await new Promise<void>((resolve) => {
    for (const ms of [30, 5, 20, 10]) {
      const pass = () => {
        passed.push(ms)
        if (ms === 30) resolve()
      }
      startDeadline(ms, pass, nowMs)
    }
  })
  assert.deepEqual(passed, [5, 10, 20, 30])
})

test('a deadline that was ended does not pass, and one that is set while another passes does', async () => {
  let isLate = false
  const end = startDeadline(1, () => {
    isLate = true
  })
  end()
  end()
  await new Promise<void>((resolve) => startDeadline(3, () => startDeadline(3, resolve)))
  assert.ok(!isLate)
})

test('a deadline of weeks does not pass at once', async () => {
  let hasPassed = false
  const end = startDeadline(2 ** 40, () => {
    hasPassed = true
  })
  await new Promise<void>((resolve) => startDeadline(20, resolve))
  end()
  assert.ok(!hasPassed)
})
