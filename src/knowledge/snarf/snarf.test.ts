import assert from 'node:assert/strict'
import { access, mkdir, mkdtemp, readdir, readFile, rm, stat, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, test } from 'node:test'
import type { Dimension, Setting } from '#protocol'
import { openSnarf, type Snarf } from './snarf.ts'

const root = await mkdtemp(join(tmpdir(), 'runa-snarf-'))
after(() => rm(root, { recursive: true }))

const DAY_MS = 86_400_000
const START_MS = Date.UTC(2026, 0, 1)

async function open(folder?: string) {
  const place = folder ?? join(await mkdtemp(join(root, 'test-')), 'profile')
  const clock = { nowMs: START_MS }
  let changes = 0
  const snarf = await openSnarf(place, { nowMs: () => clock.nowMs, onChange: () => (changes += 1) })
  return { snarf, folder: place, clock, changes: () => changes, again: () => openSnarf(place) }
}

async function openAgreed(to: 'settings' | 'learning' = 'settings') {
  const opened = await open()
  await opened.snarf.agree(to)
  return opened
}

function settingOf(snarf: Snarf, dimension: Dimension): Setting {
  return snarf.explain(dimension).setting
}

const levelsOf = ({ settings }: { settings: readonly Setting[] }) =>
  Object.fromEntries(settings.map(({ dimension, level }) => [dimension, level]))

async function writeCurtly(snarf: Snarf, clock: { nowMs: number }, days = 12) {
  for (let message = 0; message < days * 10; message += 1) {
    if (message % 10 === 0) clock.nowMs += DAY_MS
    assert.equal((await snarf.observe('why not')).counted, true)
  }
}

test('before a person agrees nothing is heard, kept or written', async () => {
  const { snarf, folder, changes } = await open()
  assert.deepEqual(await snarf.observe('Shorter, please'), { changed: [], counted: false })
  for (const attempt of [
    () => snarf.set({ settings: { humour: 'none' } }),
    () => snarf.lock(['humour'], true),
    () => snarf.pause(true),
  ]) {
    await assert.rejects(attempt, { code: 'CONSENT_NEEDED' })
  }
  await snarf.reset({ what: 'all', dimensions: [] })
  assert.deepEqual(snarf.plan({ message: 'Shorter, please' }), {
    ...{ mode: 'default', settings: [], instruction: '', sampling: {} },
  })
  assert.equal(snarf.profile().agreed, 'nothing')
  assert.equal(snarf.export(), null)
  assert.equal(changes(), 0)
  await assert.rejects(access(folder), { code: 'ENOENT' })
})

test('who agrees to settings alone is heard, but not counted', async () => {
  const { snarf } = await openAgreed()
  assert.deepEqual(await snarf.observe('Shorter, please'), { changed: ['length'], counted: false })
  assert.deepEqual(snarf.export()?.days, [])
})

test('what is asked for in words holds for that answer already, and for all later ones', async () => {
  const { snarf, again } = await openAgreed()
  const message = 'Shorter, please'
  const now = snarf.plan({ message })
  assert.deepEqual(levelsOf(now), { length: 'short' })
  assert.match(now.instruction, /a few sentences/)
  assert.equal(now.settings[0]?.reason, 'You asked for it in this message.')
  assert.deepEqual(snarf.plan({}).settings, [], 'a plan keeps nothing')
  await snarf.observe(message)
  assert.equal(snarf.plan({}).settings[0]?.reason, 'You asked for it in a message on 2026-01-01.')
  await snarf.observe(message)
  assert.deepEqual(levelsOf((await again()).plan({})), { length: 'very-short' })
})

test('what was asked for in words names the turn in which it was, also once it is locked', async () => {
  const { snarf, again } = await openAgreed()
  const [turn, now] = ['01890a5d-ac96-774b-bcce-b302099a8057', '01890a5d-ac96-774b-bcce-b302099a8058']
  assert.equal(snarf.plan({ message: 'Shorter, please', turn: now }).settings[0]?.turn, now)
  await snarf.observe('Shorter, please', turn)
  await snarf.lock(['length'], true)
  const [kept] = (await again()).plan({}).settings
  assert.deepEqual([kept?.turn, kept?.day], [turn, 20_454])
  await snarf.set({ settings: { length: 'detailed' } })
  assert.equal(snarf.plan({}).settings[0]?.turn, undefined, 'what is set is asked for in no turn')
})

test('what was said goes before the mode, the mode before what was inferred, and that before the persona', async () => {
  const { snarf, clock } = await openAgreed('learning')
  assert.equal(settingOf(snarf, 'length').source, 'default')
  await writeCurtly(snarf, clock)
  assert.deepEqual(
    [settingOf(snarf, 'length').level, settingOf(snarf, 'length').source],
    ['short', 'inferred'],
  )
  assert.equal(snarf.explain('length').evidence.length, 12)
  await snarf.set({ settings: {}, mode: 'low-stimulus' })
  assert.equal(settingOf(snarf, 'length').source, 'mode')
  await snarf.set({ settings: { length: 'detailed' } })
  assert.deepEqual(
    [settingOf(snarf, 'length').level, settingOf(snarf, 'length').source],
    ['detailed', 'explicit'],
  )
  assert.equal(settingOf(snarf, 'formality').source, 'inferred')
})

test('in a crisis play, guesses and riddles stop, whatever was set', async () => {
  const { snarf, clock } = await openAgreed('learning')
  await writeCurtly(snarf, clock)
  await snarf.set({ settings: { humour: 'some', emoji: 'some', questions: 'none' }, mode: 'playful' })
  const plan = snarf.plan({ crisis: true })
  assert.equal(plan.mode, 'default')
  assert.deepEqual(plan.sampling, {})
  assert.deepEqual(levelsOf(plan), {
    ...{ humour: 'none', emoji: 'none', words: 'plain', literalness: 'literal', questions: 'none' },
  })
  assert.equal(plan.settings.find(({ dimension }) => dimension === 'humour')?.source, 'safety')
  assert.equal(snarf.plan({}).mode, 'playful', 'it holds for that answer only')
})

test('modes say what they do, and playful makes no jokes with words that are to be literal', async () => {
  const { snarf } = await openAgreed()
  assert.deepEqual(snarf.plan({ mode: 'focus' }).sampling, { temperature: 0.4 })
  assert.match(snarf.plan({ mode: 'low-stimulus' }).instruction, /at most twelve words/)
  assert.equal(levelsOf(snarf.plan({ mode: 'playful' }))['humour'], 'some')
  await snarf.set({ settings: { literalness: 'literal' } })
  assert.equal(levelsOf(snarf.plan({ mode: 'playful' }))['humour'], 'none')
  await snarf.observe('Focus mode, please')
  assert.equal(snarf.profile().mode, 'focus')
})

test('what is locked yields to no message and no guess, but for one answer, and to who sets it', async () => {
  const { snarf, clock } = await openAgreed('learning')
  await snarf.lock(['length', 'humour'], true)
  await writeCurtly(snarf, clock)
  assert.deepEqual((await snarf.observe('Shorter, please')).changed, [])
  assert.equal(settingOf(snarf, 'length').level, 'usual')
  const once = snarf
    .plan({ message: 'Shorter, please' })
    .settings.find(({ dimension }) => dimension === 'length')
  assert.deepEqual([once?.level, once?.locked], ['short', true])
  await snarf.set({ settings: { length: 'detailed' } })
  assert.deepEqual([settingOf(snarf, 'length').level, settingOf(snarf, 'length').locked], ['detailed', true])
  await snarf.lock(['length', 'tone'], false)
  assert.deepEqual((await snarf.observe('Shorter, please')).changed, ['length'])
})

test('while paused nothing is heard or counted, and what was set holds', async () => {
  const { snarf } = await openAgreed('learning')
  await snarf.set({ settings: { humour: 'none' } })
  await snarf.pause(true)
  assert.deepEqual(await snarf.observe('Shorter, please'), { changed: [], counted: false })
  assert.deepEqual(levelsOf(snarf.plan({ message: 'Shorter, please' })), { humour: 'none' })
  await snarf.pause(false)
  assert.deepEqual(await snarf.observe('Shorter, please'), { changed: ['length'], counted: true })
})

test('a reset takes what it names, and no more', async () => {
  const { snarf, clock } = await openAgreed('learning')
  await writeCurtly(snarf, clock)
  await snarf.set({ settings: { humour: 'none', tone: 'warm' }, mode: 'focus' })
  await snarf.reset({ what: 'learnt', dimensions: [] })
  assert.deepEqual([snarf.profile().days, snarf.profile().mode], [0, 'focus'])
  await snarf.reset({ what: 'settings', dimensions: ['tone'] })
  assert.deepEqual([snarf.export()?.manner, snarf.profile().mode], [{ humour: 'none' }, 'focus'])
  await snarf.reset({ what: 'all', dimensions: [] })
  assert.deepEqual(snarf.plan({}).settings, [])
  assert.equal(snarf.profile().agreed, 'learning')
})

test('who takes consent back takes everything with it', async () => {
  const { snarf, folder, clock, again } = await openAgreed('learning')
  await writeCurtly(snarf, clock, 1)
  await snarf.agree('settings')
  assert.deepEqual(snarf.export()?.days, [])
  await snarf.set({ settings: { humour: 'none' } })
  await writeFile(join(folder, 'profile.json.damaged'), '{}')
  await snarf.agree('nothing')
  assert.deepEqual(await readdir(folder), [])
  assert.equal(snarf.export(), null)
  assert.equal((await again()).profile().agreed, 'nothing')
})

test('what was changed is on the disk, readable by its owner alone, and nobody is told of what did not change', async () => {
  const { snarf, folder, changes, again } = await openAgreed()
  await Promise.all([
    snarf.set({ settings: { humour: 'none' } }),
    snarf.set({ settings: { tone: 'warm' } }),
    snarf.observe('What is a quay?'),
  ])
  assert.equal(changes(), 3)
  assert.deepEqual((await again()).export(), snarf.export())
  assert.deepEqual(snarf.export()?.manner, { humour: 'none', tone: 'warm' })
  assert.equal((await stat(join(folder, 'profile.json'))).mode & 0o777, 0o600)
  assert.equal((await stat(folder)).mode & 0o777, 0o700)
})

test('a write that fails changes nothing, and the next one works', async () => {
  const { snarf, folder } = await openAgreed()
  const before = snarf.export()
  await rm(folder, { recursive: true })
  await writeFile(folder, 'in the way')
  await assert.rejects(snarf.set({ settings: { humour: 'none' } }))
  assert.deepEqual(snarf.export(), before)
  await rm(folder)
  await snarf.set({ settings: { tone: 'warm' } })
  assert.deepEqual(snarf.export()?.manner, { tone: 'warm' })
})

test('a damaged profile is set aside and nothing counts as agreed; one of a newer Runa is left alone', async () => {
  const { snarf, folder } = await openAgreed()
  const path = join(folder, 'profile.json')
  const whole = JSON.parse(await readFile(path, 'utf8'))
  for (const damaged of ['', '{"format":', JSON.stringify({ ...whole, diagnosis: 'x' })]) {
    await writeFile(path, damaged)
    const opened = await openSnarf(folder)
    assert.match(opened.fault ?? '', /set aside/)
    assert.equal(opened.profile().agreed, 'nothing')
    assert.equal(await readFile(`${path}.damaged`, 'utf8'), damaged)
  }
  const newer = JSON.stringify({ format: 'runa-profile', version: 3 })
  await writeFile(path, newer)
  await assert.rejects(openSnarf(folder), { code: 'PROFILE_NEWER' })
  assert.equal(await readFile(path, 'utf8'), newer)
  assert.equal(snarf.fault, undefined)
})

test('what a kill left half written goes at the next start', async () => {
  const folder = join(await mkdtemp(join(root, 'test-')), 'profile')
  await mkdir(folder)
  await writeFile(join(folder, 'profile.json.123.new'), '{"for')
  await open(folder)
  assert.deepEqual(await readdir(folder), [])
})
