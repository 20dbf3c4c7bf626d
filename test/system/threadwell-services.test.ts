import assert from 'node:assert/strict'
import { mkdtemp, rm } from 'node:fs/promises'
import { after, before, test } from 'node:test'
import { connect, serve } from '#kernel/service'
import { createBus } from '#kernel/splinter'
import { conversationContract } from '#protocol'
import { connectServices } from '../../src/face/threadwell/services.ts'
import { simpleConversation } from '../../src/face/threadwell/stand-ins.ts'

let folder: string
let busPath: string

before(async () => {
  folder = await mkdtemp('/dev/shm/runa-threadwell-')
  busPath = `${folder}/bus`
  createBus({ path: busPath })
})
after(() => rm(folder, { recursive: true }))

test('a call waits for a service that is just being started', async () => {
  const caller = await connect(busPath, 'threadwell')
  const { conversation } = connectServices(caller.transportTo, 10_000)
  const turn = conversation.turn({ question: 'why?' })
  const first = turn.next()
  const threads = conversation.threads({})
  const server = await connect(busPath, 'conversation')
  const service = serve(conversationContract, simpleConversation(), server.transport)
  assert.equal((await first).value?.kind, 'start')
  assert.deepEqual(await threads, { threads: [], faults: [] })
  await turn.return()
  await service.stop()
  server.close()
  caller.close()
})

test('but not for ever, and not at all where nobody wants to wait', async () => {
  const caller = await connect(busPath, 'threadwell')
  for (const patienceMs of [0, 20]) {
    const { tieto } = connectServices(caller.transportTo, patienceMs)
    await assert.rejects(tieto.topics({}), { code: 'SERVICE_LOST' })
  }
  const { tieto } = connectServices(caller.transportTo, 60_000)
  const abort = new AbortController()
  const topics = tieto.topics({}, { signal: abort.signal })
  abort.abort()
  await assert.rejects(topics, { code: 'CANCELLED' })
  caller.close()
})
