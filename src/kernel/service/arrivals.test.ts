import assert from 'node:assert/strict'
import { mkdtemp, rm } from 'node:fs/promises'
import { after, before, test } from 'node:test'
import { createBus } from '#kernel/splinter'
import { clockContract, RunaError } from '#protocol'
import { onEachArrival } from './arrivals.ts'
import { connect } from './connect.ts'
import { serve } from './serve.ts'
import { createMemoryTransports } from './transport.ts'

let folder: string
before(async () => {
  folder = await mkdtemp('/dev/shm/runa-arrivals-')
})
after(() => rm(folder, { recursive: true }))

test('work is done at each arrival of a service, again where it fails, and not after the end', async () => {
  const busPath = `${folder}/bus`
  createBus({ path: busPath })
  const watcher = await connect(busPath, 'watcher')
  const end = new AbortController()
  let works = 0
  let wake = () => {}
  const done = () => new Promise<void>((resolve) => (wake = resolve))
  const ended = onEachArrival(
    watcher.transport,
    'clock',
    async () => {
      works += 1
      if (works === 1) throw new RunaError('SERVICE_LOST')
      wake()
    },
    end.signal,
  )
  for (const worksExpected of [2, 3]) {
    const worked = done()
    const server = await connect(busPath, 'clock')
    const service = serve(
      clockContract,
      { now: async () => ({ time: 1 }), async *tick() {} },
      server.transport,
    )
    await worked
    assert.equal(works, worksExpected)
    await service.stop()
    server.close()
  }
  end.abort()
  await ended
  watcher.close()
  assert.equal(works, 3)
})

test('where nobody knows who lives, work is done once', async () => {
  const [transport] = createMemoryTransports()
  let works = 0
  const work = async () => {
    works += 1
  }
  await onEachArrival(transport, 'clock', work, new AbortController().signal)
  assert.equal(works, 1)
})
