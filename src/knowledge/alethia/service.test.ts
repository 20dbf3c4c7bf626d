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

test('a timeline goes back in time, page by page, and leaves out what is off the record', async (context) => {
  const { client, memory } = await createClient(context)
  const thread = createUuidV7()
  const ids: string[] = []
  for (const [index, speaker] of ['you', 'default', 'you', 'brief', 'you'].entries()) {
    // Two of one moment, and one that came late.
    const id = createUuidV7(index)
    const turn = { ...makeTurn(`Sentence ${index}.`, { id, thread }), at: [5, 7, 7, 9, 6][index] as number }
    await client.remember({ ...turn, utterances: [{ speaker, text: `Sentence ${index}.` }] })
    ids.push(turn.id)
    memory.pass(1)
  }
  const hidden = makeTurn('Between the two of us.')
  await client.remember({ ...hidden, utterances: [...hidden.utterances], offTheRecord: true })
  await client.feedback({ turn: ids[0] ?? '', verdict: 'down' })

  const newest = await client.timeline({ limit: 2 })
  assert.equal(newest.omitted, 3)
  assert.deepEqual(
    newest.threads.map(({ id, turns }) => [id, turns]),
    [[thread, 5]],
  )
  assert.deepEqual(newest.speakers.sort(), ['brief', 'default', 'you'])
  const older = await client.timeline({ before: newest.turns.at(-1)?.id ?? '' })
  const read = [...newest.turns, ...older.turns]
  assert.deepEqual(
    read.map(({ id }) => ids.indexOf(id)),
    [3, 2, 1, 4, 0],
  )
  assert.equal(read.at(-1)?.feedback?.verdict, 'down')

  const some = await client.timeline({ from: 6, to: 9, speaker: 'You' })
  assert.deepEqual(
    some.turns.map(({ id }) => ids.indexOf(id)),
    [2, 4],
  )
  await assert.rejects(client.timeline({ before: createUuidV7() }), hasCode('TURN_UNKNOWN'))
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

test('many turns are asked for at once, and of those that are gone it is said why', async (context) => {
  const { client } = await createClient(context)
  const [kept, gone, secret] = [makeTurn('Kept.'), makeTurn('Gone.'), makeTurn('Secret.')]
  for (const turn of [kept, gone]) await client.remember({ ...turn, utterances: [...turn.utterances] })
  await client.remember({ ...secret, utterances: [...secret.utterances], offTheRecord: true })
  const choice = { turns: [gone.id] }
  await client.forget({ choice, confirm: (await client.forget({ choice })).confirm })
  const unknown = createUuidV7()
  const told = await client.turns({ ids: [unknown, gone.id, kept.id, secret.id] })
  assert.deepEqual(
    [told.turns.map(({ id }) => id), told.forgotten, told.unknown, told.left],
    [[kept.id, secret.id], [gone.id], [unknown], []],
  )
})

test('the records of a thread come the newest first, also those off the record', async (context) => {
  const { client } = await createClient(context)
  for (const offTheRecord of [false, true]) {
    const thread = createUuidV7()
    const ids: string[] = []
    for (const question of ['One?', 'Two?', 'Three?']) {
      const turn = makeTurn(question, { thread })
      const record = makeAnswer(turn.id, thread, question, 'So.')
      await client.remember({ ...turn, utterances: [...turn.utterances], record, offTheRecord })
      ids.unshift(turn.id)
    }
    const read: [string, string | undefined, number][] = []
    for await (const { turn, record, older } of client.records({ thread })) {
      read.push([turn.id, record?.question, older])
    }
    assert.deepEqual(read, [
      [ids[0], 'Three?', 2],
      [ids[1], 'Two?', 1],
      [ids[2], 'One?', 0],
    ])
    const before = client.records({ thread, before: ids[1] ?? '' })
    assert.equal((await before.next()).value?.turn.id, ids[2])
    await before.return()
  }
  const nowhere = client.records({ thread: createUuidV7() })
  await assert.rejects(nowhere.next(), hasCode('THREAD_UNKNOWN'))
})
