import assert from 'node:assert/strict'
import { randomBytes } from 'node:crypto'
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { basename, join } from 'node:path'
import { after, test } from 'node:test'
import * as fc from 'fast-check'
import { RunaError } from '#protocol'
import { openVault, SECRET_BYTES_MAX, type VaultOptions } from './vault.ts'

const root = mkdtempSync(join(tmpdir(), 'runa-vault-test-'))
after(() => rmSync(root, { recursive: true }))

let made = 0
function nextPath(): string {
  made += 1
  return join(root, `${made}`, 'secrets.vault')
}

const PASSPHRASE = Buffer.from('seven quiet herons')
/** As cheap as the format allows. */
function withPassphrase(path: string, passphrase: Buffer = PASSPHRASE): VaultOptions {
  return { path, unlock: { passphrase }, scryptN: 2 ** 10 }
}

test('secrets, versions, grants and identities are there again, also with a passphrase', async () => {
  const options = { ...withPassphrase(nextPath()), now: () => 1_700_000_000_000 }
  const first = await openVault(options)
  assert.equal(await first.set('mail/password', Buffer.from('one')), 1)
  assert.equal(await first.set('mail/password', Buffer.from('two')), 2)
  await first.grant('mail/password', 'tieto', true)
  const identity = await first.identity('tieto')
  await first.close()

  const again = await openVault(options)
  const at = 1_700_000_000_000
  const about = { name: 'mail/password', version: 2, versions: 2, at, once: false, leaseMs: 900_000 }
  assert.deepEqual(again.list(), [{ ...about, grants: ['tieto'] }])
  assert.equal(String(again.read('mail/password').value), 'two')
  assert.equal(String(again.read('mail/password', 1).value), 'one')
  assert.ok(again.isGranted('mail/password', 'tieto') && !again.isGranted('mail/password', 'snarf'))
  assert.deepEqual(await again.identity('tieto'), identity)
  assert.notDeepEqual(await again.identity('snarf'), identity)
  await again.grant('mail/password', 'tieto', false)
  assert.ok(!again.isGranted('mail/password', 'tieto'))
  await again.remove('mail/password')
  assert.throws(() => again.read('mail/password'), { code: 'SECRET_UNKNOWN' })
  await again.close()
})

test('whatever bytes a secret has, they come back, and stand nowhere in the folder', async () => {
  await fc.assert(
    fc.asyncProperty(fc.uint8Array({ minLength: 12, maxLength: 3_000 }), async (bytes) => {
      const options = withPassphrase(nextPath())
      const vault = await openVault(options)
      await vault.set('any', bytes)
      await vault.close()
      for (const name of readdirSync(join(options.path, '..'))) {
        assert.ok(!readFileSync(join(options.path, '..', name)).includes(Buffer.from(bytes)))
      }
      const again = await openVault(options)
      assert.deepEqual([...again.read('any').value], [...bytes])
      await again.close()
    }),
    { numRuns: 25 },
  )
})

test('a wrong passphrase is refused, and the right one opens afterwards', async () => {
  const options = withPassphrase(nextPath())
  await (await openVault(options)).close()
  await assert.rejects(openVault(withPassphrase(options.path, Buffer.from('seven quiet heron'))), {
    code: 'VAULT_KEY_WRONG',
  })
  await assert.rejects(openVault({ path: options.path, unlock: { keyFile: join(root, 'none') } }), {
    code: 'VAULT_KEY_MISSING',
  })
  await (await openVault(options)).close()
})

test('no flipped bit, no cut and no other format is ever opened, and the file stays as it was', async () => {
  const options = withPassphrase(nextPath())
  const vault = await openVault(options)
  await vault.set('name', Buffer.from('value'))
  await vault.close()
  const sound = readFileSync(options.path)
  const damage = fc.oneof(
    fc.nat(sound.length * 8 - 1).map((bit) => {
      const bytes = Buffer.from(sound)
      bytes[bit >> 3] = (bytes[bit >> 3] ?? 0) ^ (1 << (bit & 7))
      return bytes
    }),
    fc.nat(sound.length - 1).map((length) => sound.subarray(0, length)),
  )
  await fc.assert(
    fc.asyncProperty(damage, async (bytes) => {
      writeFileSync(options.path, bytes)
      await assert.rejects(openVault(options), (error: RunaError) =>
        ['VAULT_CORRUPT', 'VAULT_VERSION'].includes(error.code),
      )
      assert.ok(readFileSync(options.path).equals(bytes))
    }),
    { numRuns: 200 },
  )
})

test('a file that was changed with skill, so that its digest fits again, is refused as well', async () => {
  const { createHash } = await import('node:crypto')
  const options = withPassphrase(nextPath())
  await (await openVault(options)).close()
  const sound = readFileSync(options.path)
  for (let at = 12; at < sound.length - 32; at += 3) {
    const bytes = Buffer.from(sound.subarray(0, -32))
    bytes[at] = (bytes[at] ?? 0) ^ 1
    writeFileSync(options.path, Buffer.concat([bytes, createHash('sha256').update(bytes).digest()]))
    await assert.rejects(
      openVault(options),
      (error: RunaError) => error instanceof RunaError && error.code.startsWith('VAULT_'),
    )
  }
})

test('a key file is made on the first run, for its owner alone, and never made anew', async () => {
  const path = nextPath()
  const keyFile = join(path, '..', 'vault.key')
  const options: VaultOptions = { path, unlock: { keyFile } }
  const vault = await openVault(options)
  await vault.set('name', Buffer.from('value'))
  await vault.close()
  assert.equal(statSync(keyFile).mode & 0o777, 0o600)
  assert.equal(statSync(path).mode & 0o777, 0o600)
  const key = readFileSync(keyFile)
  await (await openVault(options)).close()
  assert.ok(readFileSync(keyFile).equals(key))
  writeFileSync(keyFile, randomBytes(32))
  await assert.rejects(openVault(options), { code: 'VAULT_KEY_WRONG' })
  rmSync(keyFile)
  await assert.rejects(openVault(options), { code: 'VAULT_KEY_MISSING' })
  assert.ok(!readdirSync(join(path, '..')).includes('vault.key'))
})

test('no vault is made with what is left of a key file that was destroyed', async () => {
  const path = nextPath()
  const keyFile = join(path, '..', 'vault.key')
  mkdirSync(join(path, '..'), { recursive: true })
  writeFileSync(keyFile, Buffer.alloc(32))
  await assert.rejects(openVault({ path, unlock: { keyFile } }), { code: 'VAULT_KEY_MISSING' })
  assert.ok(!readdirSync(join(path, '..')).includes(basename(path)))
})

test('a vault moves from its key file to a passphrase, and opens with nothing else from then on', async () => {
  const path = nextPath()
  const keyFile = join(path, '..', 'vault.key')
  const vault = await openVault({ path, unlock: { keyFile }, scryptN: 2 ** 10 })
  await vault.set('name', Buffer.from('value'))
  await vault.relock({ passphrase: PASSPHRASE })
  await vault.close()
  await assert.rejects(openVault({ path, unlock: { keyFile } }), { code: 'VAULT_KEY_MISSING' })
  const again = await openVault(withPassphrase(path))
  assert.equal(String(again.read('name').value), 'value')
  await again.close()
})

test('one process at a time has a vault open', async () => {
  const options = withPassphrase(nextPath())
  const vault = await openVault(options)
  await assert.rejects(openVault(options), { code: 'RUNNING_ALREADY' })
  await vault.close()
  await (await openVault(options)).close()
})

test('limits are said, and what is refused changes nothing', async () => {
  const options = withPassphrase(nextPath())
  const vault = await openVault(options)
  await vault.set('name', Buffer.alloc(SECRET_BYTES_MAX, 1))
  const before = readFileSync(options.path)
  await assert.rejects(vault.set('name', Buffer.alloc(SECRET_BYTES_MAX + 1)), { code: 'BAD_INPUT' })
  await assert.rejects(vault.grant('none', 'tieto', true), { code: 'SECRET_UNKNOWN' })
  assert.ok(readFileSync(options.path).equals(before))
  for (let version = 2; version <= 9; version += 1) await vault.set('name', Buffer.of(version))
  assert.throws(() => vault.read('name', 1), { code: 'SECRET_UNKNOWN' })
  assert.deepEqual([...vault.read('name', 2).value], [2])
  await vault.close()
  await assert.rejects(vault.set('name', Buffer.of(1)), { code: 'VAULT_LOCKED' })
})

test('changes that are asked for at once all count', async () => {
  const options = withPassphrase(nextPath())
  const vault = await openVault(options)
  const names = Array.from({ length: 12 }, (_, index) => `name-${index}`)
  await Promise.all(names.map((name) => vault.set(name, Buffer.from(name))))
  assert.equal(vault.revision(), 12)
  await vault.close()
  const again = await openVault(options)
  for (const name of names) assert.equal(String(again.read(name).value), name)
  await again.close()
})
