import assert from 'node:assert/strict'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type TestContext, test } from 'node:test'
import type { CovenClient } from '#kernel/coven'
import { createCoven, openCoven } from '#kernel/coven'
import type { CallContext } from '#protocol'
import { createLeases } from './leases.ts'
import { createPersonSecrets } from './person-secrets.ts'

const CONTEXT: CallContext = { signal: AbortSignal.timeout(60_000), trace: '' }
const SERVICES = [{ name: 'alethia', secrets: [{ name: 'alethia.master', origin: 'made' as const }] }]
const NOBODY_TOLD = { left: [], onEnd: () => {}, onChange: () => {} }
const base64 = (text: string) => Buffer.from(text).toString('base64')

async function createPerson(context: TestContext) {
  const folder = await mkdtemp(join(tmpdir(), 'runa-person-'))
  const opened = await openCoven({ folder })
  context.after(async () => {
    await opened.close()
    await rm(folder, { recursive: true })
  })
  const handlers: Record<string, (input: never, value: Buffer) => Promise<object>> = createCoven(opened)
  const ask = async (operation: string, input: never, value = Buffer.alloc(0)) => ({
    value: Buffer.alloc(0),
    ...(await handlers[operation]?.(input, value)),
  })
  const coven = { ask } as unknown as Pick<CovenClient, 'ask'>
  await opened.vault.set('alethia.master', Buffer.alloc(32, 7))
  return createPersonSecrets({ coven, services: SERVICES, leases: createLeases(NOBODY_TOLD) })
}

test('a person stores a secret, reads it, lets others have it, and removes it', async (context) => {
  const person = await createPerson(context)
  await person.setSecret({ name: 'mail', value: base64('one\n') }, CONTEXT)
  assert.deepEqual(await person.setSecret({ name: 'mail', value: base64('two') }, CONTEXT), { version: 2 })
  const two = { version: 2, once: false, value: base64('two') }
  assert.deepEqual(await person.getSecret({ name: 'mail' }, CONTEXT), two)
  assert.equal((await person.getSecret({ name: 'mail', version: 1 }, CONTEXT)).value, base64('one\n'))
  await person.grantSecret({ name: 'mail', to: 'tieto', granted: true }, CONTEXT)
  const { secrets } = await person.listSecrets({}, CONTEXT)
  const mail = secrets.find(({ name }) => name === 'mail')
  assert.deepEqual([mail?.grants, mail?.owner], [['person', 'tieto'], ''])
  await person.removeSecret({ name: 'mail' }, CONTEXT)
  await assert.rejects(person.getSecret({ name: 'mail' }, CONTEXT), { code: 'SECRET_UNKNOWN' })
  const { entries } = await person.auditSecrets({ count: 200 }, CONTEXT)
  assert.ok(entries.every(({ service }) => service === 'person'))
  assert.deepEqual(
    entries.map(({ operation }) => operation),
    ['set', 'grant to person', 'set', 'reveal', 'reveal', 'grant to tieto', 'remove', 'reveal'],
  )
})

test('what belongs to a service alone is neither given to a person nor changed by one', async (context) => {
  const person = await createPerson(context)
  const name = 'alethia.master'
  for (const attempt of [
    person.getSecret({ name }, CONTEXT),
    person.setSecret({ name, value: base64('mine') }, CONTEXT),
    person.grantSecret({ name, to: 'person', granted: true }, CONTEXT),
    person.removeSecret({ name }, CONTEXT),
  ]) {
    await assert.rejects(attempt, { code: 'SECRET_OWNED' })
  }
  const { secrets } = await person.listSecrets({}, CONTEXT)
  assert.deepEqual(
    secrets.map(({ owner, grants, version }) => ({ owner, grants, version })),
    [{ owner: 'alethia', grants: [], version: 1 }],
  )
})

test('without coven every one of these says so', async () => {
  const person = createPersonSecrets({
    ...{ coven: undefined, services: SERVICES },
    leases: createLeases(NOBODY_TOLD),
  })
  for (const attempt of [
    person.listSecrets({}, CONTEXT),
    person.getSecret({ name: 'alethia.master' }, CONTEXT),
    person.setSecret({ name: 'mail', value: base64('x') }, CONTEXT),
  ]) {
    await assert.rejects(attempt, { code: 'SECRETS_MISSING' })
  }
})
