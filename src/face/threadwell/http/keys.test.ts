import assert from 'node:assert/strict'
import { readFile, stat, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { test } from 'node:test'
import { LIMITS } from '../limits.ts'
import { withFolder } from '../stand-ins.ts'
import { openKeys } from './keys.ts'

test('a key works until it is revoked, also after a restart, and is itself nowhere on the disk', () =>
  withFolder(async (folder) => {
    const path = join(folder, 'keys.json')
    const keys = await openKeys(path, () => 5)
    const { key, id } = await keys.create('editor')
    const text = await readFile(path, 'utf8')
    assert.ok(!text.includes(key) && !text.includes(key.slice(5)))
    assert.equal((await stat(path)).mode & 0o777, 0o600)
    const later = await openKeys(path, () => 9)
    assert.equal(later.isValid(key), true)
    assert.equal(later.isValid(`${key.slice(0, -1)}!`), false)
    assert.deepEqual(later.list(), [{ id, name: 'editor', createdAt: 5, usedAt: 9 }])
    await later.close()
    const again = await openKeys(path)
    assert.equal(again.list()[0]?.usedAt, 9)
    await again.revoke(id)
    assert.equal(again.isValid(key), false)
    assert.equal((await openKeys(path)).isValid(key), false)
    await assert.rejects(again.revoke(id), { code: 'KEY_UNKNOWN' })
  }))

test('there are only so many keys, also when many are wanted at once', () =>
  withFolder(async (folder) => {
    const keys = await openKeys(join(folder, 'keys.json'))
    const wanted = Array.from({ length: LIMITS.keysMax + 1 }, () => keys.create('x'))
    const refused = (await Promise.allSettled(wanted)).filter(({ status }) => status === 'rejected')
    assert.equal(refused.length, 1)
    await assert.rejects(keys.create('x'), { code: 'KEYS_FULL' })
  }))

test('a damaged file lets nobody in, and is not written over', () =>
  withFolder(async (folder) => {
    const path = join(folder, 'keys.json')
    await writeFile(path, '{"keys":')
    await assert.rejects(openKeys(path), { code: 'CONFIG_INVALID' })
    assert.equal(await readFile(path, 'utf8'), '{"keys":')
  }))
