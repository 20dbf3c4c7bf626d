import assert from 'node:assert/strict'
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, test } from 'node:test'
import { howItOpens, openCoven, tryPassphrase } from './open.ts'

const root = mkdtempSync(join(tmpdir(), 'runa-open-'))
after(() => rmSync(root, { recursive: true }))
let count = 0
const nextFolder = () => {
  count += 1
  return join(root, `vault-${count}`)
}
const PASSPHRASE = Buffer.from('seven quiet herons')
const options = { scryptN: 2 ** 10, unlock: { passphrase: PASSPHRASE } }

test('what opens a vault can be asked of it without opening it', async () => {
  const folder = nextFolder()
  assert.equal(await howItOpens(folder), 'nothing')
  await tryPassphrase(folder, PASSPHRASE)
  assert.ok(!existsSync(folder))
  const made = await openCoven({ folder, ...options })
  assert.equal(made.madeKeyFile, undefined)
  assert.equal(await howItOpens(folder), 'passphrase')
  await tryPassphrase(folder, PASSPHRASE)
  await assert.rejects(tryPassphrase(folder, Buffer.from('herrings')), { code: 'VAULT_KEY_WRONG' })
  await made.close()
})

test('a vault goes from its key file to a passphrase and back, with what is in it, and it is written down', async () => {
  const folder = nextFolder()
  const keyFile = join(folder, 'vault.key')
  const first = await openCoven({ folder, scryptN: 2 ** 10 })
  assert.equal(first.madeKeyFile, keyFile)
  const firstKey = readFileSync(keyFile)
  await first.vault.set('mail', Buffer.from('a secret'))
  await assert.rejects(first.lockWith('key file'), { code: 'BAD_INPUT' })
  await first.lockWith({ passphrase: PASSPHRASE })
  await first.close()
  assert.ok(!existsSync(keyFile))
  await assert.rejects(openCoven({ folder }), { code: 'VAULT_KEY_MISSING' })

  // As a copy, put back by hand.
  writeFileSync(keyFile, firstKey)
  const second = await openCoven({ folder, ...options })
  await second.lockWith('key file')
  await second.close()
  assert.notDeepEqual(readFileSync(keyFile), firstKey)
  const third = await openCoven({ folder })
  assert.equal(third.madeKeyFile, undefined)
  assert.equal(third.vault.read('mail').value.toString(), 'a secret')
  assert.deepEqual(
    (await third.audit.latest(10)).map(({ operation, service }) => `${service}: ${operation}`),
    ['person: lock with a passphrase', 'person: lock with a key file'],
  )
  await third.close()
})

test('a vault that is gone, with its list still there, is not replaced by an empty one', async () => {
  const folder = nextFolder()
  const opened = await openCoven({ folder })
  await opened.close()
  rmSync(join(folder, 'secrets.vault'))
  const before = readdirSync(folder)
  await assert.rejects(openCoven({ folder }), { code: 'VAULT_MISSING' })
  assert.deepEqual(readdirSync(folder), before)
})
