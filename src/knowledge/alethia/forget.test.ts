import assert from 'node:assert/strict'
import { copyFile, cp, readdir, readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { test } from 'node:test'
import { createTestMemory, DAY_MS, hasCode, holdsText, MASTER_KEY, makeAnswer, makeTurn } from './fixture.ts'
import { encodeEntry } from './log/entry.ts'
import { openRecordLog } from './log/record-log.ts'

const SECRET = 'The spare key lies under the third flower pot.'

/** Everything that somebody who has the disk and the master key can read. */
async function readAll(folder: string): Promise<string> {
  const contents: string[] = []
  const log = await openRecordLog(folder, MASTER_KEY, (_, content) => contents.push(String(content ?? '')))
  await log.close()
  return contents.join('\n')
}

test('without confirmation it only says what would go', async (context) => {
  const alethia = await (await createTestMemory(context)).open()
  const [one, two] = [makeTurn(SECRET), makeTurn('The weather is fine.')]
  await alethia.remember(one)
  await alethia.remember(two)
  const preview = await alethia.forget({ containing: 'FLOWER pot' })
  assert.deepEqual(
    preview.turns.map(({ id }) => id),
    [one.id],
  )
  assert.equal(preview.done, false)
  assert.equal(alethia.summary().turns, 2)
  await assert.rejects(alethia.forget({ thread: two.thread }, preview.confirm), hasCode('VERSION_CONFLICT'))
  await alethia.remember(makeTurn('Another flower pot.'))
  await assert.rejects(
    alethia.forget({ containing: 'flower pot' }, preview.confirm),
    hasCode('VERSION_CONFLICT'),
  )
  assert.equal(alethia.summary().turns, 3)
})

test('a forgotten turn cannot be read by anybody, also not with the master key', async (context) => {
  const memory = await createTestMemory(context)
  const told: string[] = []
  const alethia = await memory.open({ onForgotten: (turns) => told.push(...turns) })
  const turn = makeTurn(SECRET)
  const record = makeAnswer(turn.id, turn.thread, SECRET, 'I will remember that.')
  await alethia.remember(makeTurn('A fine day.'))
  await alethia.remember({ ...turn, record })
  memory.pass(DAY_MS)
  await alethia.feedback(turn.id, { correction: `No: ${SECRET}` })
  await alethia.remember(makeTurn('Another fine day.'))
  assert.ok(!(await memory.holds(SECRET)), 'nothing is plain before')
  await memory.open()
  assert.ok((await readAll(memory.folder)).includes(SECRET), 'the search finds what is there')

  const again = await memory.open({ onForgotten: (turns) => told.push(...turns) })
  const { confirm } = await again.forget({ turns: [turn.id] })
  assert.equal((await again.forget({ turns: [turn.id] }, confirm)).done, true)
  assert.deepEqual(told, [turn.id])
  assert.ok(!(await readAll(memory.folder)).includes(SECRET))
  assert.ok(!(await memory.holds(SECRET)))
  assert.deepEqual(
    again.recall('Where is the spare key, under which flower pot?').filter(({ text }) => text === SECRET),
    [],
  )
  assert.throws(() => again.turn(turn.id), hasCode('TURN_FORGOTTEN'))
  await assert.rejects(again.remember(turn), hasCode('TURN_FORGOTTEN'))
  const { turns, forgotten, faults } = await again.verify()
  assert.deepEqual({ turns, forgotten, faults }, { turns: 2, forgotten: 1, faults: [] })
  const later = await memory.open()
  assert.throws(() => later.turn(turn.id), hasCode('TURN_FORGOTTEN'))
  const [kept] = later.timeline({})
  assert.deepEqual(later.forgottenAmong([kept?.turn.id ?? '', turn.id, makeTurn('?').id]), [turn.id])
  await later.remember(makeTurn('Life goes on.'))
  assert.deepEqual((await later.verify()).faults, [])
})

test('the scan finds a sentence that lies there in clear', async (context) => {
  const memory = await createTestMemory(context)
  await memory.open()
  await writeFile(join(memory.folder, 'leak'), `x${SECRET}x`)
  assert.ok(await memory.holds(SECRET))
})

test('a death between the wish and the keys is made good at the next start', async (context) => {
  const memory = await createTestMemory(context)
  const turn = makeTurn(SECRET)
  const alethia = await memory.open()
  await alethia.remember(turn)
  await alethia.close()
  const log = await openRecordLog(memory.folder, MASTER_KEY, () => {})
  await log.append(encodeEntry({ kind: 'forget', at: 0, turns: [turn.id], sequences: [0] }))
  await log.close()
  assert.ok((await readAll(memory.folder)).includes(SECRET))
  const again = await memory.open()
  assert.ok(!(await readAll(memory.folder)).includes(SECRET))
  assert.throws(() => again.turn(turn.id), hasCode('TURN_FORGOTTEN'))
  assert.deepEqual((await again.verify()).faults, [])
})

test('half a keybox that a death left behind does not outlive the keys in it', async (context) => {
  const memory = await createTestMemory(context)
  const alethia = await memory.open()
  await alethia.remember(makeTurn(SECRET))
  const [keys = ''] = (await readdir(memory.folder)).filter((name) => name.endsWith('.keys'))
  await copyFile(join(memory.folder, keys), join(memory.folder, `${keys}.4711.new`))
  await memory.open()
  assert.deepEqual(
    (await readdir(memory.folder)).filter((name) => name.endsWith('.new')),
    [],
  )
})

test('a snapshot opens with the master key, and without its keys it is noise', async (context) => {
  const memory = await createTestMemory(context)
  const alethia = await memory.open()
  await alethia.remember(makeTurn(SECRET))
  const target = join(memory.folder, 'copy')
  const { records, head } = await alethia.snapshot(target)
  assert.deepEqual({ records, head }, { records: 1, head: alethia.summary().head })
  assert.ok(!(await holdsText(target, SECRET)))
  await assert.rejects(alethia.snapshot(target), hasCode('BAD_INPUT'))
  await assert.rejects(alethia.snapshot('not/absolute'), hasCode('BAD_INPUT'))

  const restored = join(memory.folder, 'restored')
  await cp(join(target, 'sealed'), restored, { recursive: true })
  await assert.rejects(readAll(restored), hasCode('MEMORY_LOCKED'))
  await cp(join(target, 'keys'), restored, { recursive: true })
  assert.ok((await readAll(restored)).includes(SECRET))
  assert.ok((await readFile(join(restored, 'user.key'))).length > 32)
})
