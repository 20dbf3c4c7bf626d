import assert from 'node:assert/strict'
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'
import { howItOpens, openCoven } from '../open.ts'
import { readRecipe } from '../vault-file.ts'
import { deriveByArgon2 } from './argon2.ts'
import { openByMachine, sealByMachine } from './system-credential.ts'

const HOST_KEY = '/var/lib/systemd/credential.secret'
const PASSPHRASE = Buffer.from('seven quiet herons')

test('argon2id gives what another implementation of it gives, and leaves the passphrase alone', async () => {
  const salt = Buffer.alloc(16, 7)
  const costs = [
    [64, 3, '89a5614999892eff15675244c819d4ceb853183be75b9ea359b729ce375b3b49'],
    [1_024, 2, '2328c1dcdb45ff623bc4e99de6311f881be3057c1ca0fbc7cc5d8a9bb860d3b5'],
  ] as const
  for (const [memoryKiB, passes, expected] of costs) {
    const key = await deriveByArgon2(PASSPHRASE, salt, { memoryKiB, passes })
    assert.equal(key.toString('hex'), expected)
  }
  assert.equal(String(PASSPHRASE), 'seven quiet herons')
  // Less than argon2 can do with: the thread fails, and says so.
  const tooLittle = deriveByArgon2(PASSPHRASE, salt, { memoryKiB: 1, passes: 1 })
  await assert.rejects(tooLittle, { code: 'SYSTEM_CALL_FAILED' })
})

test('a new passphrase is made a key by argon2id, and a vault of scrypt opens until it has one', async (context) => {
  const folder = mkdtempSync(join(tmpdir(), 'runa-unlock-'))
  context.after(() => rmSync(folder, { recursive: true }))
  const recipe = () => readRecipe(readFileSync(join(folder, 'secrets.vault')))
  const old = await openCoven({ folder, unlock: { passphrase: PASSPHRASE }, scryptN: 2 ** 10 })
  await old.vault.set('mail', Buffer.from('a secret'))
  await old.close()
  assert.equal(recipe().kind, 'scrypt')
  const opened = await openCoven({ folder, unlock: { passphrase: PASSPHRASE } })
  assert.equal(recipe().kind, 'scrypt')
  await opened.lockWith({ passphrase: PASSPHRASE })
  await opened.close()
  const { salt: _, ...upgraded } = recipe() as { salt: string }
  assert.deepEqual(upgraded, { kind: 'argon2id', memoryKiB: 131_072, passes: 3 })
  assert.equal(await howItOpens(folder), 'passphrase')
  const wrong = openCoven({ folder, unlock: { passphrase: Buffer.from('herrings') } })
  await assert.rejects(wrong, { code: 'VAULT_KEY_WRONG' })
  const again = await openCoven({ folder, unlock: { passphrase: PASSPHRASE } })
  assert.equal(String(again.vault.read('mail').value), 'a secret')
  await again.close()
})

test('where systemd-creds is missing or refuses, it is said and nothing is changed', async (context) => {
  const folder = mkdtempSync(join(tmpdir(), 'runa-unlock-'))
  const path = process.env['PATH']
  context.after(() => {
    process.env['PATH'] = path
    rmSync(folder, { recursive: true })
  })
  const opened = await openCoven({ folder: join(folder, 'vault') })
  const before = readFileSync(join(folder, 'vault/vault.key'))
  const stub = join(folder, 'systemd-creds')
  writeFileSync(stub, '#!/bin/sh\necho "the chip is asleep" >&2\nexit 1\n', { mode: 0o755 })
  process.env['PATH'] = folder
  await assert.rejects(opened.lockWith({ machine: 'tpm2' }), {
    code: 'MACHINE_KEY_FAILED',
    message: /the chip is asleep/,
  })
  writeFileSync(stub, '#!/bin/sh\necho c2hvcnQ=\n')
  await assert.rejects(openByMachine('c2hvcnQ='), {
    code: 'MACHINE_KEY_FAILED',
    message: /no key of a vault/,
  })
  await opened.close()
  assert.deepEqual(readFileSync(join(folder, 'vault/vault.key')), before)
  await (await openCoven({ folder: join(folder, 'vault') })).close()
})

test('a vault under a key of this machine opens by itself, gets another root key, and goes back', async (context) => {
  // systemd-creds would make one: a test leaves nothing on the machine that it runs on.
  if (!existsSync(HOST_KEY)) return context.skip(`${HOST_KEY} is not there; \`systemd-creds setup\` makes it`)
  const machine = 'host'
  const refused = await sealByMachine(machine).then(
    () => undefined,
    ({ message }: Error) => message,
  )
  if (refused !== undefined) return context.skip(refused)
  const folder = mkdtempSync(join(tmpdir(), 'runa-unlock-'))
  context.after(() => rmSync(folder, { recursive: true }))
  const first = await openCoven({ folder })
  await first.vault.set('mail', Buffer.from('a secret'))
  await first.lockWith({ machine })
  await first.close()
  assert.equal(await howItOpens(folder), 'this machine')
  const second = await openCoven({ folder })
  await second.rekey()
  await second.close()
  const third = await openCoven({ folder })
  assert.equal(String(third.vault.read('mail').value), 'a secret')
  await third.lockWith('key file')
  await third.close()
  assert.equal(await howItOpens(folder), 'key file')
  await (await openCoven({ folder })).close()
})
