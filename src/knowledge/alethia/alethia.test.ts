import assert from 'node:assert/strict'
import { open, readdir } from 'node:fs/promises'
import { join } from 'node:path'
import { test } from 'node:test'
import { createUuidV7 } from '#protocol'
import { openAlethia } from './alethia.ts'
import { createTestMemory, DAY_MS, hasCode, MASTER_KEY, makeAnswer, makeTurn } from './fixture.ts'

const BOAT = 'My sister keeps a green boat in the harbour of Ystad.'

test('on the second day it is recalled what was said on the first', async (context) => {
  const memory = await createTestMemory(context)
  const first = await memory.open()
  await first.remember(makeTurn(BOAT))
  await first.remember(makeTurn('Bread needs patience and a hot oven.'))
  memory.pass(DAY_MS)
  const second = await memory.open()
  await second.remember(makeTurn('Good morning.'))
  const [best] = second.recall('Where is the boat of my sister?')
  assert.equal(best?.text, BOAT)
  assert.equal(second.summary().days, 2)
  assert.deepEqual(second.faults, [])
})

test('a turn, its answer record and what was thought of it come back after a start', async (context) => {
  const memory = await createTestMemory(context)
  const turn = makeTurn('What is a keel?')
  const record = makeAnswer(turn.id, turn.thread, 'What is a keel?', 'The spine of a ship.')
  const before = await memory.open()
  await before.remember({ ...turn, record })
  await before.feedback(turn.id, { verdict: 'down' })
  await before.feedback(turn.id, { verdict: 'down', correction: 'It is the beam along the bottom.' })
  const after = await memory.open()
  const { record: found, feedback } = await after.answer(turn.id)
  assert.deepEqual(found, record)
  assert.equal(feedback?.verdict, 'down')
  assert.equal(feedback?.correction, 'It is the beam along the bottom.')
  await after.feedback(turn.id, { correction: 'It is the beam along the bottom.' })
  assert.equal(after.turn(turn.id).feedback?.verdict, undefined, 'what is not said again is taken back')
  assert.deepEqual(after.turn(turn.id).turn.utterances, turn.utterances)
  assert.equal(after.threads()[0]?.title, 'What is a keel?')
  assert.throws(() => after.turn(createUuidV7()), hasCode('TURN_UNKNOWN'))
  assert.throws(() => after.thread(createUuidV7()), hasCode('THREAD_UNKNOWN'))
  await assert.rejects(after.feedback(createUuidV7(), { verdict: 'up' }), hasCode('TURN_UNKNOWN'))
})

test('a turn that is sent again is stored once, and another under its id is refused', async (context) => {
  const alethia = await (await createTestMemory(context)).open()
  const turn = makeTurn(BOAT)
  await Promise.all([alethia.remember(turn), alethia.remember(turn)])
  await alethia.remember(turn)
  assert.equal(alethia.summary().records, 1)
  await assert.rejects(
    alethia.remember({ ...turn, utterances: [{ speaker: 'you', text: 'Something else.' }] }),
    hasCode('VERSION_CONFLICT'),
  )
  const stranger = makeAnswer(createUuidV7(), turn.thread, 'a', 'b')
  await assert.rejects(alethia.remember({ ...makeTurn('x'), record: stranger }), hasCode('BAD_INPUT'))
})

test('the room of a day is that of its file, also after a start and on the next day', async (context) => {
  const memory = await createTestMemory(context)
  const whole = (await (await memory.open()).state()).roomTodayBytes
  await (await memory.open()).remember(makeTurn(BOAT))
  const again = await memory.open()
  assert.ok((await again.state()).roomTodayBytes < whole)
  memory.pass(DAY_MS)
  assert.equal((await again.state()).roomTodayBytes, whole)
})

test('a turn that is too large changes nothing', async (context) => {
  const alethia = await (await createTestMemory(context)).open()
  await assert.rejects(alethia.remember(makeTurn('long '.repeat(200_000))), hasCode('BAD_INPUT'))
  assert.deepEqual(alethia.summary().records, 0)
  await alethia.remember(makeTurn(BOAT))
  assert.equal((await alethia.verify()).turns, 1)
})

test('a clock that is set back breaks no chain', async (context) => {
  const memory = await createTestMemory(context)
  const alethia = await memory.open()
  await alethia.remember(makeTurn('one'))
  memory.pass(DAY_MS)
  await alethia.remember(makeTurn('two'))
  memory.pass(-3 * DAY_MS)
  await alethia.remember(makeTurn('three'))
  const again = await memory.open()
  await again.remember(makeTurn('four'))
  const { turns, days, faults } = await again.verify()
  assert.deepEqual({ turns, days, faults }, { turns: 4, days: 2, faults: [] })
})

test('more changes at once than may wait are refused, and the others are kept', async (context) => {
  const alethia = await (await createTestMemory(context)).open()
  const results = await Promise.allSettled(
    Array.from({ length: 80 }, (_, count) => alethia.remember(makeTurn(`word ${count}`))),
  )
  const refused = results.filter(({ status }) => status === 'rejected')
  assert.ok(refused.length > 0)
  for (const result of refused) assert.ok(hasCode('BUSY')((result as PromiseRejectedResult).reason))
  assert.equal(alethia.summary().turns, 80 - refused.length)
})

test('what is off the record is found by its thread alone, and gone when it is closed', async (context) => {
  const memory = await createTestMemory(context)
  const alethia = await memory.open()
  const secret = makeTurn('The code of the door is seven nine.', { offTheRecord: true })
  await alethia.remember(secret)
  await alethia.feedback(secret.id, { verdict: 'up' })
  assert.equal(alethia.thread(secret.thread).turns.length, 1)
  assert.equal(alethia.threads()[0]?.offTheRecord, true)
  assert.deepEqual(alethia.recall('What is the code of the door?'), [])
  assert.equal(alethia.summary().records, 0)
  await assert.rejects(alethia.answer(secret.id), hasCode('TURN_UNKNOWN'))
  await assert.rejects(alethia.remember(makeTurn('Kept?', { thread: secret.thread })), hasCode('BAD_INPUT'))
  alethia.closeThread(secret.thread)
  assert.throws(() => alethia.thread(secret.thread), hasCode('THREAD_UNKNOWN'))
  assert.throws(() => alethia.turn(secret.id), hasCode('TURN_UNKNOWN'))
  assert.throws(() => alethia.closeThread(secret.thread), hasCode('THREAD_UNKNOWN'))
  const kept = makeTurn(BOAT)
  await alethia.remember(kept)
  await assert.rejects(
    alethia.remember(makeTurn('Not kept?', { thread: kept.thread, offTheRecord: true })),
    hasCode('BAD_INPUT'),
  )
})

test('what is off the record has a limit, and says so', async (context) => {
  const alethia = await (await createTestMemory(context)).open()
  const open = () => alethia.remember(makeTurn('hush', { offTheRecord: true }))
  for (let count = 0; count < 16; count += 1) await open()
  assert.deepEqual((await alethia.state()).offTheRecord, { turnFits: true, threadFits: false })
  await assert.rejects(open(), hasCode('MEMORY_FULL'))
  const [thread] = alethia.threads()
  alethia.closeThread(thread?.id ?? '')
  await open()
})

test('without a key nothing touches a disk, and what would says so', async (context) => {
  const memory = await createTestMemory(context)
  const alethia = await memory.open({ masterKey: undefined })
  await assert.rejects(alethia.remember(makeTurn(BOAT)), hasCode('MEMORY_OFF'))
  const hush = makeTurn(BOAT, { offTheRecord: true })
  await alethia.remember(hush)
  assert.equal(alethia.thread(hush.thread).turns.length, 1)
  assert.deepEqual(alethia.recall('boat'), [])
  await assert.rejects(alethia.verify(), hasCode('MEMORY_OFF'))
  await assert.rejects(alethia.snapshot(join(memory.folder, 'copy')), hasCode('MEMORY_OFF'))
  for (let count = 0; count < 20; count += 1) await alethia.remember(makeTurn('?', { offTheRecord: true }))
  assert.equal(alethia.threads().length, 16, 'the thread that was used longest ago makes room')
  assert.throws(() => alethia.thread(hush.thread), hasCode('THREAD_UNKNOWN'))
  const { kept, full, turns } = await alethia.state()
  assert.deepEqual({ kept, full, turns }, { kept: false, full: false, turns: 0 })
  assert.deepEqual(await readdir(memory.folder), [])
})

test('a second process is held off for as long as the first one has the folder open', async (context) => {
  const memory = await createTestMemory(context)
  const alethia = await memory.open()
  await alethia.remember(makeTurn(BOAT))
  const second = openAlethia(memory.folder, { masterKey: MASTER_KEY, lockWaitMs: 50 })
  await assert.rejects(second, hasCode('MEMORY_IN_USE'))
  await alethia.remember(makeTurn('Life goes on.'))
  assert.equal((await alethia.verify()).turns, 2)
  assert.equal((await (await memory.open()).state()).kept, true)
})

test('a disk that fails for good is told once, and after a new start all is as it was', async (context) => {
  const memory = await createTestMemory(context)
  let broken = 0
  const onBroken = () => {
    broken += 1
  }
  const alethia = await memory.open({ onBroken })
  await alethia.remember(makeTurn(BOAT))
  const file = await open(memory.folder)
  const handle = Object.getPrototypeOf(file) as { datasync(): Promise<void> }
  await file.close()
  const failing = context.mock.method(handle, 'datasync', () => Promise.reject(new Error('EIO')))
  const lost = makeTurn('Is it on the disk?')
  await assert.rejects(alethia.remember(lost), hasCode('JOURNAL_FAILED'))
  failing.mock.restore()
  await assert.rejects(alethia.remember(makeTurn('And this?')), hasCode('JOURNAL_FAILED'))
  assert.equal(broken, 1)
  const again = await memory.open()
  await again.remember(lost)
  const { turns, faults } = await again.verify()
  assert.deepEqual({ turns, faults }, { turns: 2, faults: [] })
})
