import assert from 'node:assert/strict'
import { type TestContext, test } from 'node:test'
import { call, createMemoryTransports, serve } from '#kernel/service'
import { alethiaContract, createUuidV7 } from '#protocol'
import { createTestMemory, hasCode, makeAnswer, makeTurn } from './fixture.ts'
import { createAlethiaHandlers } from './service.ts'

async function createClient(context: TestContext) {
  const memory = await createTestMemory(context)
  const alethia = await memory.open()
  const [clientSide, serverSide] = createMemoryTransports()
  const service = serve(alethiaContract, createAlethiaHandlers(alethia), serverSide)
  const client = call(alethiaContract, clientSide)
  context.after(async () => {
    await service.stop()
    clientSide.close()
    serverSide.close()
  })
  return { client, memory }
}

test('a turn goes in, is recalled, explained, rated and forgotten over the contract', async (context) => {
  const { client } = await createClient(context)
  const turn = makeTurn('The lamp in the hall is broken.')
  const record = makeAnswer(turn.id, turn.thread, 'lamp?', 'Which lamp?')
  await client.remember({ ...turn, utterances: [...turn.utterances], record })
  const { recalled } = await client.recall({ query: 'broken lamp' })
  assert.equal(recalled[0]?.turn, turn.id)
  await client.feedback({ turn: turn.id, verdict: 'up' })
  const answer = await client.answer({ id: turn.id })
  assert.deepEqual(answer.record, record)
  assert.equal(answer.feedback?.verdict, 'up')
  const preview = await client.forget({ choice: { thread: turn.thread } })
  assert.deepEqual([preview.total, preview.done], [1, false])
  const { done } = await client.forget({ choice: { thread: turn.thread }, confirm: preview.confirm })
  assert.equal(done, true)
  await assert.rejects(client.turn({ id: turn.id }), hasCode('TURN_FORGOTTEN'))
  assert.deepEqual((await client.threads({})).threads, [])
  const { faults, forgotten } = await client.verify({})
  assert.deepEqual({ faults, forgotten }, { faults: [], forgotten: 1 })
  await assert.rejects(client.forget({ choice: {} }), hasCode('BAD_INPUT'))
})

test('a long thread is read in pieces that a message holds', async (context) => {
  const { client } = await createClient(context)
  const thread = createUuidV7()
  const ids: string[] = []
  for (let count = 0; count < 8; count += 1) {
    const { id } = makeTurn('')
    ids.push(id)
    await client.remember({ id, thread, utterances: [{ speaker: 'you', text: 'word '.repeat(40_000) }] })
  }
  const newest = await client.thread({ id: thread })
  assert.equal(newest.turns.length + newest.omitted, 8)
  assert.ok(newest.omitted > 0)
  const before = newest.turns[0]?.id ?? ''
  const older = await client.thread({ id: thread, before })
  const read = [...older.turns, ...newest.turns].map(({ id }) => id)
  assert.deepEqual(read, ids.slice(older.omitted))
})

test('what is off the record is closed over the contract', async (context) => {
  const { client, memory } = await createClient(context)
  const turn = makeTurn('Between the two of us.')
  await client.remember({ ...turn, utterances: [...turn.utterances], offTheRecord: true })
  assert.equal((await client.thread({ id: turn.thread })).thread.offTheRecord, true)
  await client.close({ thread: turn.thread })
  await assert.rejects(client.thread({ id: turn.thread }), hasCode('THREAD_UNKNOWN'))
  assert.ok(!(await memory.holds('Between the two')))
})
