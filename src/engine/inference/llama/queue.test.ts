import assert from 'node:assert/strict'
import { test } from 'node:test'
import { createQueue } from './queue.ts'

const { signal } = new AbortController()

test('those who wait are let in by arrival, one at a time', async () => {
  const queue = createQueue(8)
  const entered: number[] = []
  const leaveFirst = await queue.enter(signal)
  const others = [1, 2, 3].map(async (number) => {
    const leave = await queue.enter(signal)
    entered.push(number)
    leave()
    leave()
  })
  await Promise.resolve()
  assert.deepEqual(entered, [])
  leaveFirst()
  await Promise.all(others)
  assert.deepEqual(entered, [1, 2, 3])
})

test('who gives up makes room, and never gets in', async () => {
  const queue = createQueue(1)
  const leave = await queue.enter(signal)
  const impatience = new AbortController()
  const abandoned = queue.enter(impatience.signal)
  await assert.rejects(queue.enter(signal), { code: 'BUSY' })
  impatience.abort()
  await assert.rejects(abandoned, { code: 'CANCELLED' })
  const next = queue.enter(signal)
  leave()
  ;(await next)()
  await assert.rejects(queue.enter(AbortSignal.abort()), { code: 'CANCELLED' })
  ;(await queue.enter(signal))()
})
