import assert from 'node:assert/strict'
import { mkdirSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { createConnection } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type TestContext, test } from 'node:test'
import { RunaError, type VaultChange } from '#protocol'
import { openCoven } from '../open.ts'
import { askDoor } from './ask-door.ts'
import { openVaultDoor } from './door.ts'
import { createPatience } from './patience.ts'
import { createSealable } from './sealable.ts'

const PASSPHRASE = Buffer.from('seven quiet herons')
const NONE = Buffer.alloc(0)

/** A vault under a passphrase, with one secret, that nobody has opened; and the door of its coven. */
async function createStage(context: TestContext) {
  const root = mkdtempSync(join(tmpdir(), 'runa-sealing-'))
  // Longer than the address of a socket may be.
  const run = join(root, 'a-folder-with-a-long-name-'.repeat(5))
  mkdirSync(run)
  const folder = join(root, 'vault')
  const made = await openCoven({ folder, unlock: { passphrase: PASSPHRASE }, scryptN: 2 ** 10 })
  await made.vault.set('mail', Buffer.from('a secret'))
  await made.vault.grant('mail', 'tieto', true)
  await made.close()
  const told: VaultChange['vault'][] = []
  const clock = { nowMs: 0 }
  const sealable = createSealable({
    ...{ folder, opened: undefined, nowMs: () => clock.nowMs },
    onChange: ({ vault }) => told.push(vault),
  })
  const door = await openVaultDoor(run, sealable)
  context.after(async () => {
    await door.close()
    await sealable.close()
    rmSync(root, { recursive: true })
  })
  const reveal = () => sealable.handlers.reveal({ name: 'mail', service: 'tieto' }, NONE)
  return { folder, run, sealable, told, clock, reveal }
}

test('a sealed coven gives nothing until a person opens the vault at its door, and nothing once it is sealed again', async (context) => {
  const { run, sealable, told, reveal } = await createStage(context)
  await assert.rejects(reveal(), { code: 'VAULT_LOCKED' })
  await assert.rejects(sealable.handlers.identity({ service: 'tieto' }, NONE), { code: 'VAULT_LOCKED' })
  assert.deepEqual((await sealable.handlers.state({}, NONE)).output, { vault: 'sealed' })
  assert.deepEqual(await askDoor(run, 'unseal', PASSPHRASE), { vault: 'open', changed: true })
  assert.deepEqual(await askDoor(run, 'unseal'), { vault: 'open', changed: false })
  assert.equal(String((await reveal()).value), 'a secret')
  assert.deepEqual(await askDoor(run, 'seal'), { vault: 'sealed', changed: true })
  assert.deepEqual(await askDoor(run, 'seal'), { vault: 'sealed', changed: false })
  await assert.rejects(reveal(), { code: 'VAULT_LOCKED' })
  await askDoor(run, 'unseal', PASSPHRASE)
  assert.deepEqual(told, ['open', 'sealed', 'open'])
  const { entries } = (await sealable.handlers.audit({ count: 10 }, NONE)).output
  assert.deepEqual(
    entries.map(({ operation, service }) => `${service}: ${operation}`),
    ['person: unseal', 'tieto: reveal', 'person: seal', 'person: unseal'],
  )
})

test('who asks while the vault is being sealed gets his own secret or none', async (context) => {
  const { sealable, reveal } = await createStage(context)
  await sealable.unseal(PASSPHRASE)
  const asked = Array.from({ length: 8 }, reveal)
  const sealed = sealable.seal()
  for (const answer of await Promise.allSettled(asked)) {
    if (answer.status === 'fulfilled') assert.equal(String(answer.value.value), 'a secret')
    else assert.ok(['VAULT_LOCKED', 'AUDIT_FAILED'].includes((answer.reason as RunaError).code))
  }
  await sealed
  await sealable.unseal(PASSPHRASE)
  assert.equal(String((await reveal()).value), 'a secret')
})

test('after a wrong passphrase there is a pause, also for the right one', async (context) => {
  const { run, clock } = await createStage(context)
  await assert.rejects(askDoor(run, 'unseal', Buffer.from('herrings')), { code: 'VAULT_KEY_WRONG' })
  await assert.rejects(askDoor(run, 'unseal', PASSPHRASE), { code: 'BUSY', message: /: 1 s are left/ })
  await assert.rejects(askDoor(run, 'unseal'), { code: 'BUSY' })
  clock.nowMs += 1_000
  await askDoor(run, 'unseal', PASSPHRASE)
})

test('the pause doubles with each wrong passphrase up to a minute, and one right one ends it', async () => {
  let nowMs = 0
  const patience = createPatience(() => nowMs)
  const wrong = () => Promise.reject(new RunaError('VAULT_KEY_WRONG'))
  for (const pauseMs of [1_000, 2_000, 4_000, 8_000, 16_000, 32_000, 60_000, 60_000]) {
    await assert.rejects(patience.attempt(wrong), { code: 'VAULT_KEY_WRONG' })
    nowMs += pauseMs - 1
    await assert.rejects(patience.attempt(wrong), { code: 'BUSY' })
    nowMs += 1
  }
  await patience.attempt(() => Promise.resolve())
  await assert.rejects(patience.attempt(wrong), { code: 'VAULT_KEY_WRONG' })
  nowMs += 1_000
  let isDone = () => {}
  const first = patience.attempt(() => new Promise<void>((resolve) => (isDone = resolve)))
  await assert.rejects(patience.attempt(wrong), { code: 'BUSY' })
  isDone()
  await first
})

test('a vault that is gone or damaged is not replaced by one that opens', async (context) => {
  const { folder, run } = await createStage(context)
  const vault = join(folder, 'secrets.vault')
  const bytes = readFileSync(vault)
  writeFileSync(vault, bytes.subarray(1))
  await assert.rejects(askDoor(run, 'unseal', PASSPHRASE), { code: 'VAULT_VERSION' })
  rmSync(vault)
  await assert.rejects(askDoor(run, 'unseal', PASSPHRASE), { code: 'VAULT_MISSING' })
  writeFileSync(vault, bytes)
  await assert.rejects(askDoor(run, 'unseal'), { code: 'VAULT_KEY_MISSING' })
  await askDoor(run, 'unseal', PASSPHRASE)
})

test('the door is for this user alone, and whoever says nothing sensible is shown out', async (context) => {
  const { run } = await createStage(context)
  assert.equal(statSync(join(run, 'coven.sock')).mode & 0o777, 0o600)
  process.chdir(run)
  context.after(() => process.chdir('/'))
  for (const words of [Buffer.from('hello, who is there?'), Buffer.alloc(9_000), Buffer.of(1, 0, 0, 0, 1)]) {
    const socket = createConnection('coven.sock')
    socket.on('error', () => {}).resume()
    socket.write(words)
    await new Promise((resolve) => socket.once('close', resolve))
  }
  assert.deepEqual(await askDoor(run, 'state'), { vault: 'sealed', changed: false })
  await assert.rejects(askDoor(join(run, '..'), 'state'), { code: 'NOT_RUNNING' })
})
