import assert from 'node:assert/strict'
import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, test } from 'node:test'
import { openSnarf } from './snarf.ts'

const root = await mkdtemp(join(tmpdir(), 'runa-profile-'))
after(() => rm(root, { recursive: true }))
const freshFolder = async () => join(await mkdtemp(join(root, 'test-')), 'profile')
const key = Buffer.alloc(32, 7)

async function clearFolder() {
  const folder = await freshFolder()
  const clear = await openSnarf(folder)
  await clear.agree('settings')
  await clear.set({ settings: { humour: 'none' } })
  return { folder, path: join(folder, 'profile.json'), profile: clear.export() }
}

test('a profile is sealed, and opens with its key alone', async () => {
  const folder = await freshFolder()
  const snarf = await openSnarf(folder, { key })
  assert.equal(snarf.profile().kept, true)
  await snarf.agree('learning')
  await snarf.set({ settings: { humour: 'none' }, mode: 'focus' })
  assert.deepEqual(await readdir(folder), ['profile.sealed'])
  const bytes = await readFile(join(folder, 'profile.sealed'), 'latin1')
  assert.doesNotMatch(bytes, /humour|focus|learning|runa/)
  assert.deepEqual((await openSnarf(folder, { key })).export(), snarf.export())
  const other = await openSnarf(folder, { key: Buffer.alloc(32, 8) })
  assert.match(other.fault ?? '', /set aside/)
  assert.equal(other.profile().agreed, 'nothing')
  await other.agree('settings')
  await other.agree('nothing')
  assert.deepEqual(await readdir(folder), [])
})

test('a profile in clear is sealed when it is opened, and the clear one is gone', async () => {
  const { folder, profile } = await clearFolder()
  assert.deepEqual((await openSnarf(folder, { key })).export(), profile)
  assert.deepEqual(await readdir(folder), ['profile.sealed'])
})

test('a sealing that was killed is finished: the sealed profile counts', async () => {
  const { folder, path } = await clearFolder()
  const clear = await readFile(path)
  const sealed = await openSnarf(folder, { key })
  await sealed.set({ settings: { humour: 'some' } })
  await writeFile(path, clear)
  await writeFile(join(folder, 'profile.sealed.77.new'), 'half')
  assert.equal((await openSnarf(folder, { key })).export()?.manner.humour, 'some')
  assert.deepEqual(await readdir(folder), ['profile.sealed'])
})

test('a clear profile that turns up after all were sealed is not read', async () => {
  const { folder, path } = await clearFolder()
  const late = { key, takesClear: false }
  const opened = await openSnarf(folder, late)
  assert.match(opened.fault ?? '', /in clear/)
  assert.equal(opened.profile().agreed, 'nothing')
  await opened.agree('settings')
  const again = await openSnarf(folder, late)
  assert.deepEqual([again.profile().agreed, again.export()?.manner.humour], ['settings', undefined])
  await rm(path)
  assert.equal((await openSnarf(folder, late)).fault, undefined)
})

test('a profile of the first version is read as it was', async () => {
  const { folder, path, profile } = await clearFolder()
  const { turns: _, ...first } = JSON.parse(await readFile(path, 'utf8'))
  await writeFile(path, JSON.stringify({ ...first, version: 1 }))
  assert.deepEqual((await openSnarf(folder)).export(), profile)
  assert.deepEqual((await openSnarf(folder, { key })).export(), profile)
})

test('a damaged profile in clear is set aside, and nothing counts as agreed', async () => {
  const { folder, path } = await clearFolder()
  await writeFile(path, '{"format":')
  const opened = await openSnarf(folder, { key })
  assert.match(opened.fault ?? '', /set aside/)
  assert.deepEqual([opened.profile().agreed, await readdir(folder)], ['nothing', ['profile.json.damaged']])
  const newer = JSON.stringify({ format: 'runa-profile', version: 3 })
  await writeFile(path, newer)
  await assert.rejects(openSnarf(folder, { key }), { code: 'PROFILE_NEWER' })
  assert.equal(await readFile(path, 'utf8'), newer)
})

test('without a folder everything works, nothing is kept, and it says so', async () => {
  const snarf = await openSnarf(undefined)
  assert.equal(snarf.profile().kept, false)
  await snarf.agree('settings')
  await snarf.observe('Shorter, please')
  assert.equal(snarf.explain('length').setting.level, 'short')
  await snarf.reset({ what: 'all', dimensions: [] })
  assert.equal(snarf.explain('length').setting.source, 'default')
})
