import assert from 'node:assert/strict'
import { test } from 'node:test'
import { createProgress, proveProgress } from './progress.ts'
import { createQueue } from './queue.ts'

const { signal } = new AbortController()
const never = () => new Promise<void>(() => {})

test('an engine that nobody uses makes a token, and lets the next one in', async () => {
  const queue = createQueue(8)
  let made = 0
  await proveProgress(
    queue,
    createProgress(),
    async () => {
      made += 1
    },
    signal,
  )
  assert.equal(made, 1)
  ;(await queue.enter(signal))()
})

test('one that is used makes none for this, and proves itself by what it makes for others', async () => {
  const [queue, progress] = [createQueue(8), createProgress()]
  await queue.enter(signal)
  let isProved = false
  const proving = proveProgress(queue, progress, assert.fail, signal).then(() => {
    isProved = true
  })
  await new Promise(setImmediate)
  assert.equal(isProved, false)
  progress.happened()
  await proving
})

test('who waits for a reader is not stuck', async () => {
  const [queue, progress] = [createQueue(8), createProgress()]
  await queue.enter(signal)
  let read = () => {}
  const reading = progress.outside(
    new Promise<void>((resolve) => {
      read = resolve
    }),
  )
  await proveProgress(queue, progress, assert.fail, signal)
  read()
  await reading
  const impatience = new AbortController()
  const stuck = proveProgress(queue, progress, assert.fail, impatience.signal)
  impatience.abort()
  await assert.rejects(stuck, { code: 'CANCELLED' })
})

test('an engine that is stuck proves nothing, whoever asks', async () => {
  const [queue, progress, impatience] = [createQueue(8), createProgress(), new AbortController()]
  const asked = [1, 2].map(() => proveProgress(queue, progress, never, impatience.signal))
  impatience.abort()
  for (const one of asked) await assert.rejects(one, { code: 'CANCELLED' })
  await assert.rejects(
    proveProgress(createQueue(8), progress, () => Promise.reject(new Error('broken')), signal),
  )
})
