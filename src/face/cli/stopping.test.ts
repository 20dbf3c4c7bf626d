import assert from 'node:assert/strict'
import { once } from 'node:events'
import { test } from 'node:test'
import { RunaError } from '#protocol'
import { withStopping } from './stopping.ts'

async function untilAborted(signal: AbortSignal): Promise<void> {
  if (!signal.aborted) await once(signal, 'abort')
}

test('a signal of the system cancels', async () => {
  const listeners = process.listenerCount('SIGTERM')
  const stopped = withStopping(untilAborted)
  process.emit('SIGTERM')
  await assert.rejects(stopped, { code: 'CANCELLED', message: 'Stopped.' })
  const told = withStopping(async (signal) => {
    await untilAborted(signal)
    throw new RunaError('CANCELLED', '3 shown.')
  })
  process.emit('SIGINT')
  await assert.rejects(told, { code: 'CANCELLED', message: '3 shown.' })
  assert.equal(process.listenerCount('SIGTERM'), listeners)
})

test('where nobody reads any more, it ends well', async () => {
  const ended = withStopping(async (signal) => {
    await untilAborted(signal)
    throw new RunaError('CANCELLED', '1 shown.')
  })
  process.stdout.emit('error', new Error('EPIPE'))
  await ended
})

test('what fails is told, stopped or not', async () => {
  const failed = withStopping(async () => {
    throw new RunaError('STORE_FULL')
  })
  await assert.rejects(failed, { code: 'STORE_FULL' })
  const late = withStopping(async (signal) => {
    await untilAborted(signal)
    throw new RunaError('STORE_FULL')
  })
  process.emit('SIGTERM')
  await assert.rejects(late, { code: 'STORE_FULL' })
  await withStopping(async () => {})
})
