import assert from 'node:assert/strict'
import { mkdtemp, readdir, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type TestContext, test } from 'node:test'
import type { CovenClient } from '#kernel/coven'
import { createCoven, openCoven } from '#kernel/coven'
import { createKey } from '#kernel/seal'
import {
  createMemoryTransports,
  createRequest,
  createSecrets,
  type SecretOperation,
  sealRequest,
  serve,
} from '#kernel/service'
import { gilgulContract, RunaError } from '#protocol'
import type { OwnSecret } from '../spec/spec.ts'
import { createGiving } from './giving.ts'
import { createLeases } from './leases.ts'
import { makeOwnSecrets, readIdentities } from './own-secrets.ts'
import { createPersonSecrets } from './person-secrets.ts'
import { createSecretDesk } from './secret-desk.ts'
import { openServiceSecrets } from './service-secrets.ts'

const SERVICES: readonly { name: string; secrets: readonly OwnSecret[] }[] = [
  { name: 'alethia', secrets: [{ name: 'alethia.master', origin: 'made', formerFile: 'alethia.key' }] },
  { name: 'threadwell', secrets: [{ name: 'http.keys', origin: 'kept' }] },
  { name: 'tieto', secrets: [] },
]

/** A vault on the disk, and whoever asks it without a link between. */
async function createVault(context: TestContext) {
  const folder = await mkdtemp(join(tmpdir(), 'runa-desk-'))
  const opened = await openCoven({ folder })
  context.after(async () => {
    await opened.close()
    await rm(folder, { recursive: true })
  })
  const handlers: Record<string, (input: never, value: Buffer) => Promise<object>> = createCoven(opened)
  const coven = {
    ask: async (operation: string, input: never, value = Buffer.alloc(0)) => ({
      value: Buffer.alloc(0),
      ...(await handlers[operation]?.(input, value)),
    }),
  } as unknown as Pick<CovenClient, 'ask'>
  return { folder, coven, audit: () => opened.audit.latest(200) }
}

async function createDeskOver(context: TestContext, nowNs?: () => bigint) {
  const { coven, ...vault } = await createVault(context)
  const notes: string[] = []
  const options = { coven, services: SERVICES, note: (text: string) => notes.push(text) }
  await makeOwnSecrets({ ...options, vaultFolder: vault.folder })
  const identities = await readIdentities(options)
  const leases = createLeases({ left: [], onEnd: () => {}, onChange: () => {} })
  const give = createGiving({ coven, services: SERVICES, leases, pidOf: () => 1 })
  const desk = createSecretDesk({
    ...{ ...options, give, identitiesOf: (name) => [identities.get(name) ?? Buffer.alloc(0)] },
    ...(nowNs && { nowNs }),
  })
  const [here, there] = createMemoryTransports()
  const missing = () => Promise.reject(new RunaError('UNKNOWN_OPERATION'))
  const people = createPersonSecrets({ coven, services: SERVICES, leases })
  const others = { status: missing, startModel: missing, stopModel: missing, restart: missing }
  const gilgul = serve(
    gilgulContract,
    { ...others, shutdown: missing, apply: missing, ...desk, ...people },
    there,
  )
  context.after(async () => {
    await gilgul.stop()
    here.close()
  })
  const identityOf = (name: string) => identities.get(name) ?? Buffer.alloc(0)
  return {
    ...{ ...vault, coven, notes, identityOf },
    secretsOf: (name: string, identity = identityOf(name)) => createSecrets(name, identity, here),
    /** What the desk says to bytes that somebody put on the bus. */
    say: (operation: SecretOperation, service: string, request: Buffer) =>
      desk[operation](
        { service, request: request.toString('base64') },
        { signal: AbortSignal.timeout(5_000), trace: '' },
      ),
  }
}

test('a service is given its own secret and what it was granted, and nothing else', async (context) => {
  const { coven, audit, secretsOf } = await createDeskOver(context)
  const master = await secretsOf('alethia').reveal('alethia.master')
  assert.equal(master.length, 32)
  assert.deepEqual(await secretsOf('alethia').reveal('alethia.master'), master)
  await assert.rejects(secretsOf('tieto').reveal('alethia.master'), { code: 'SECRET_NOT_GRANTED' })
  assert.deepEqual(
    (await audit()).map(({ operation, service, outcome }) => `${service} ${operation} ${outcome}`).slice(-2),
    ['alethia reveal granted', 'tieto reveal refused'],
  )
  // Also where somebody granted it by mistake.
  await coven.ask('grant', { name: 'alethia.master', to: 'tieto', granted: true, service: 'person' })
  await assert.rejects(secretsOf('tieto').reveal('alethia.master'), { code: 'SECRET_NOT_GRANTED' })

  await coven.ask('set', { name: 'mail', service: 'person' }, Buffer.from('word'))
  await assert.rejects(secretsOf('tieto').reveal('mail'), { code: 'SECRET_NOT_GRANTED' })
  await coven.ask('grant', { name: 'mail', to: 'tieto', granted: true, service: 'person' })
  assert.equal((await secretsOf('tieto').reveal('mail')).toString(), 'word')
  await assert.rejects(secretsOf('tieto').reveal('no name'), { code: 'BAD_INPUT' })
})

test('a service keeps what is its own to keep', async (context) => {
  const { secretsOf } = await createDeskOver(context)
  const secrets = secretsOf('threadwell')
  await assert.rejects(secrets.reveal('http.keys'), { code: 'SECRET_UNKNOWN' })
  for (const value of [Buffer.alloc(0), Buffer.alloc(64 * 1_024, 7), Buffer.from('last')]) {
    await secrets.keep('http.keys', value)
    assert.deepEqual(await secrets.reveal('http.keys'), value)
  }
  await assert.rejects(secrets.keep('http.keys', Buffer.alloc(64 * 1_024 + 1)), { code: 'BAD_INPUT' })
  await assert.rejects(secretsOf('tieto').keep('http.keys', Buffer.of(1)), { code: 'SECRET_NOT_GRANTED' })
  await assert.rejects(secretsOf('alethia').keep('alethia.master', Buffer.of(1)), {
    code: 'SECRET_NOT_GRANTED',
  })
  assert.equal((await secrets.reveal('http.keys')).toString(), 'last')
})

test('a service is given what it kept also where its grant was not written any more', async (context) => {
  const { coven, secretsOf } = await createDeskOver(context)
  await coven.ask('set', { name: 'http.keys', service: 'threadwell' }, Buffer.from('kept'))
  assert.equal((await secretsOf('threadwell').reveal('http.keys')).toString(), 'kept')
})

test('a request that was forged, changed, moved or repeated is refused, and noted', async (context) => {
  const { identityOf, secretsOf, say, notes } = await createDeskOver(context)
  await assert.rejects(secretsOf('alethia', createKey()).reveal('alethia.master'), { code: 'SECRET_REFUSED' })
  await assert.rejects(secretsOf('nobody', createKey()).reveal('alethia.master'), { code: 'SECRET_REFUSED' })
  await assert.rejects(secretsOf('alethia', identityOf('tieto')).reveal('alethia.master'), {
    code: 'SECRET_REFUSED',
  })
  const genuine = sealRequest(identityOf('alethia'), 'alethia', 'reveal', createRequest('alethia.master'))
  await assert.rejects(say('keep', 'alethia', genuine), { code: 'SECRET_REFUSED' })
  await assert.rejects(say('reveal', 'tieto', genuine), { code: 'SECRET_REFUSED' })
  for (let index = 0; index < genuine.length; index += 1) {
    const changed = Buffer.from(genuine)
    changed[index] = (changed[index] ?? 0) ^ 1
    await assert.rejects(say('reveal', 'alethia', changed), { code: 'SECRET_REFUSED' })
  }
  await say('reveal', 'alethia', genuine)
  await assert.rejects(say('reveal', 'alethia', genuine), { code: 'SECRET_REFUSED' })
  assert.equal(notes.length, genuine.length + 6)
})

test('what was asked long ago, before this gilgul, or in the future is refused', async (context) => {
  let nowNs = 100_000_000_000n
  const { identityOf, say } = await createDeskOver(context, () => nowNs)
  const ask = (askedNs: bigint) => {
    const request = { ...createRequest('alethia.master'), askedNs }
    return say('reveal', 'alethia', sealRequest(identityOf('alethia'), 'alethia', 'reveal', request))
  }
  await ask(nowNs)
  nowNs += 60_000_000_000n
  await ask(nowNs - 29_000_000_000n)
  for (const wrong of [nowNs - 31_000_000_000n, nowNs + 1n, 99_999_999_999n]) {
    await assert.rejects(ask(wrong), { code: 'SECRET_REFUSED' })
  }
})

test('so many requests are remembered, and no longer than they could be repeated', async (context) => {
  let nowNs = 0n
  const identity = createKey()
  // Nothing is granted: what counts is that the request was let through.
  const coven = { ask: () => Promise.reject(new RunaError('SECRET_NOT_GRANTED')) }
  const desk = createSecretDesk({
    ...{ coven, identitiesOf: () => [identity], services: SERVICES, note: () => {} },
    give: () => Promise.reject(new RunaError('SECRET_NOT_GRANTED')),
    nowNs: () => nowNs,
  })
  const signal = AbortSignal.timeout(30_000)
  context.after(() => signal)
  const ask = () => {
    const request = { ...createRequest('mail'), askedNs: nowNs }
    const sealed = sealRequest(identity, 'tieto', 'reveal', request).toString('base64')
    return desk.reveal({ service: 'tieto', request: sealed }, { signal, trace: '' })
  }
  for (let count = 0; count < 4_096; count += 1) await ask()
  await assert.rejects(ask(), { code: 'BUSY' })
  nowNs += 31_000_000_000n
  await ask()
})

test('without coven, secrets are missing on both sides', async (context) => {
  const worldIdentityOf = createKey
  const options = { coven: undefined, worldIdentityOf, services: [], vaultFolder: '', note: () => {} }
  const { identityOf, handlers } = await openServiceSecrets(options)
  assert.equal(identityOf('tieto'), undefined)
  const [here] = createMemoryTransports()
  context.after(() => here.close())
  const secrets = createSecrets('tieto', undefined, here)
  assert.equal(secrets.available, false)
  const inputless = { signal: AbortSignal.timeout(5_000), trace: '' }
  for (const refused of [
    secrets.reveal('mail'),
    secrets.keep('mail', Buffer.of(1)),
    handlers.reveal({ service: 'tieto', request: '' }, inputless),
  ]) {
    await assert.rejects(refused, { code: 'SECRETS_MISSING' })
  }
})

test('a key of an earlier version is moved into the vault, and never in the place of another', async (context) => {
  const { folder, coven } = await createVault(context)
  const notes: string[] = []
  const make = () =>
    makeOwnSecrets({ coven, services: SERVICES, vaultFolder: folder, note: (text) => notes.push(text) })
  const names = async () => (await readdir(folder)).includes('alethia.key')
  const former = createKey()
  const path = join(folder, 'alethia.key')
  await writeFile(path, former)
  // A gilgul that died between the vault and the file finds both.
  await coven.ask('set', { name: 'alethia.master', service: 'gilgul' }, Buffer.from(former))
  await make()
  assert.equal(await names(), false)
  const { value } = await coven.ask('reveal', { name: 'alethia.master', service: 'alethia' })
  assert.deepEqual(value, former)

  await writeFile(path, Buffer.alloc(32))
  await make()
  assert.equal(await names(), false, 'what was being destroyed is')

  await writeFile(path, createKey())
  await make()
  assert.equal(await names(), true)
  assert.match(notes.at(-1) ?? '', /holds another key/)
  const { value: still } = await coven.ask('reveal', { name: 'alethia.master', service: 'alethia' })
  assert.deepEqual(still, former)
})
