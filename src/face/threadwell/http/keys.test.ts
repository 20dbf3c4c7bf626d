import assert from 'node:assert/strict'
import { readdir, readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { test } from 'node:test'
import { RunaError } from '#protocol'
import { LIMITS } from '../limits.ts'
import { noSecrets, standInSecrets, withFolder } from '../stand-ins.ts'
import { openKeys } from './keys.ts'

const SECRET = 'http.keys'
const formerPath = '/nonexistent/keys.json'

test('a key works until it is revoked, also after a restart, and is itself nowhere', async () => {
  const vault = new Map<string, Buffer>()
  const secrets = standInSecrets(vault)
  const keys = await openKeys({ secrets, formerPath, nowMs: () => 5 })
  const { key, id } = await keys.create('editor')
  const text = vault.get(SECRET)?.toString('utf8') ?? key
  assert.ok(!text.includes(key) && !text.includes(key.slice(5)))
  const later = await openKeys({ secrets, formerPath, nowMs: () => 9 })
  assert.equal(later.isValid(key), true)
  assert.equal(later.isValid(`${key.slice(0, -1)}!`), false)
  assert.deepEqual(later.list(), [{ id, name: 'editor', createdAt: 5, usedAt: 9 }])
  await later.close()
  const again = await openKeys({ secrets, formerPath })
  assert.equal(again.list()[0]?.usedAt, 9)
  await again.revoke(id)
  assert.equal(again.isValid(key), false)
  assert.equal((await openKeys({ secrets, formerPath })).isValid(key), false)
  await assert.rejects(again.revoke(id), { code: 'KEY_UNKNOWN' })
})

test('a key that is used all day is written down twice', async () => {
  let [nowMs, writings] = [0, 0]
  const inner = standInSecrets()
  const secrets = {
    ...inner,
    async keep(name: string, value: Uint8Array) {
      writings += 1
      await inner.keep(name, value)
    },
  }
  const keys = await openKeys({ secrets, formerPath, nowMs: () => nowMs })
  const { key } = await keys.create('editor')
  for (; nowMs < 25 * 3_600_000; nowMs += 60_000) {
    assert.ok(keys.isValid(key))
    // The writing goes on beside the request.
    await new Promise(setImmediate)
  }
  assert.equal(writings, 1 + 2)
})

test('there are only so many keys, also when many are wanted at once', async () => {
  const keys = await openKeys({ secrets: standInSecrets(), formerPath })
  const wanted = Array.from({ length: LIMITS.keysMax + 1 }, () => keys.create('x'))
  const refused = (await Promise.allSettled(wanted)).filter(({ status }) => status === 'rejected')
  assert.equal(refused.length, 1)
  await assert.rejects(keys.create('x'), { code: 'KEYS_FULL' })
})

test('what cannot be kept is not made, and what cannot be had lets nobody in', async () => {
  const full = { ...standInSecrets(), keep: () => Promise.reject(new RunaError('DISK_FULL')) }
  const keys = await openKeys({ secrets: full, formerPath })
  await assert.rejects(keys.create('editor'), { code: 'DISK_FULL' })
  assert.deepEqual(keys.list(), [])

  const without = await openKeys({ secrets: noSecrets, formerPath })
  assert.equal(without.fault?.code, 'SECRETS_MISSING')
  assert.throws(without.list, { code: 'SECRETS_MISSING' })
  await assert.rejects(without.create('editor'), { code: 'SECRETS_MISSING' })
  await assert.rejects(without.revoke('x'), { code: 'SECRETS_MISSING' })
  assert.equal(without.isValid(''), false)
})

test('the file of an earlier version is moved into the vault, whenever a move is cut off', () =>
  withFolder(async (folder) => {
    const path = join(folder, 'keys.json')
    const secrets = standInSecrets()
    const digest = 'a'.repeat(64)
    const file = JSON.stringify({ keys: [{ id: 'k', name: 'editor', createdAt: 5, usedAt: 6, digest }] })
    await writeFile(path, file)
    const cut = { ...secrets, keep: () => Promise.reject(new RunaError('AUDIT_FAILED')) }
    assert.equal((await openKeys({ secrets: cut, formerPath: path })).fault?.code, 'AUDIT_FAILED')
    assert.equal(await readFile(path, 'utf8'), file)
    assert.equal((await openKeys({ secrets, formerPath: path })).list()[0]?.id, 'k')
    assert.deepEqual(await readdir(folder), [])
    // Cut off after the keys were kept, with the file overwritten and still there.
    await writeFile(path, Buffer.alloc(file.length))
    assert.equal((await openKeys({ secrets, formerPath: path })).list()[0]?.id, 'k')
    assert.deepEqual(await readdir(folder), [])
  }))

test('a damaged file of an earlier version lets nobody in, and is not written over', () =>
  withFolder(async (folder) => {
    const path = join(folder, 'keys.json')
    await writeFile(path, '{"keys":')
    await assert.rejects(openKeys({ secrets: standInSecrets(), formerPath: path }), {
      code: 'CONFIG_INVALID',
    })
    assert.equal(await readFile(path, 'utf8'), '{"keys":')
  }))
