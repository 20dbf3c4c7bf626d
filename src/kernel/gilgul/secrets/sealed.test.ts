import assert from 'node:assert/strict'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type TestContext, test } from 'node:test'
import { createCoven, type OpenCoven, openCoven } from '#kernel/coven'
import { createKey, deriveKey } from '#kernel/seal'
import { createMemoryTransports, createSecrets, serve } from '#kernel/service'
import { gilgulContract, RunaError, type VaultChange } from '#protocol'
import { openServiceSecrets } from './service-secrets.ts'

const SERVICES = [
  { name: 'tieto', secrets: [] },
  { name: 'snarf', secrets: [{ name: 'snarf.seal', origin: 'made' as const }] },
]

type Client = NonNullable<Parameters<typeof openServiceSecrets>[0]['coven']>

/** A vault that can be opened and sealed, and what gilgul has of coven, without the link between. */
async function createVault(context: TestContext) {
  const folder = await mkdtemp(join(tmpdir(), 'runa-sealed-'))
  const hearers: ((change: VaultChange) => void)[] = []
  let opened: OpenCoven | undefined
  const tell = (vault: VaultChange['vault']) => {
    for (const hear of hearers) hear({ vault })
  }
  async function ask(operation: string, input: never, value = Buffer.alloc(0)) {
    if (operation === 'state') return { value, output: { vault: opened ? 'open' : 'sealed' } }
    if (!opened) throw new RunaError('VAULT_LOCKED')
    const handlers: Record<string, (input: never, value: Buffer) => Promise<object>> = createCoven(opened)
    return { value: Buffer.alloc(0), ...(await handlers[operation]?.(input, value)) }
  }
  const seal = async () => {
    const closing = opened
    opened = undefined
    tell('sealed')
    await closing?.close()
  }
  context.after(async () => {
    await seal()
    await rm(folder, { recursive: true })
  })
  return {
    folder,
    client: () =>
      ({ isOpen: () => true, onVault: (hear) => void hearers.push(hear), ask }) as Pick<
        Client,
        'isOpen' | 'onVault'
      > as Client,
    async unseal() {
      opened = await openCoven({ folder })
      tell('open')
    },
    seal,
  }
}

async function createStage(context: TestContext) {
  const vault = await createVault(context)
  const root = createKey()
  /** A gilgul of the same world, and how a service asks it that was born with some identity. */
  async function rise() {
    const secrets = await openServiceSecrets({
      ...{ coven: vault.client(), services: SERVICES, vaultFolder: vault.folder, note: () => {} },
      worldIdentityOf: (service) => deriveKey(root, `identity ${service}`),
    })
    const [here, there] = createMemoryTransports()
    const missing = () => Promise.reject(new RunaError('UNKNOWN_OPERATION'))
    const others = { status: missing, startModel: missing, stopModel: missing, restart: missing }
    const handlers = { ...others, shutdown: missing, apply: missing, ...secrets.handlers }
    const gilgul = serve(gilgulContract, handlers, there)
    context.after(async () => {
      await gilgul.stop()
      here.close()
    })
    const reveal = async (name: string, identity: Buffer, secret: string) =>
      (await createSecrets(name, identity, here).reveal(secret)).toString('hex')
    return { ...secrets, reveal }
  }
  return { ...vault, rise }
}

test('while the vault is sealed, who needs a secret waits, and everybody else is born and asks later', async (context) => {
  const { unseal, rise } = await createStage(context)
  const secrets = await rise()
  const [tieto, snarf] = SERVICES
  assert.ok(tieto && snarf)
  assert.equal(secrets.covenState(), 'sealed')
  assert.equal(secrets.held(tieto), undefined)
  assert.match(secrets.held(snarf) ?? '', /runa secret unseal/)
  const born = secrets.identityOf('tieto') ?? Buffer.alloc(0)
  assert.equal(secrets.identityOf('a-model'), undefined)
  await assert.rejects(secrets.reveal('tieto', born, 'mail'), { code: 'VAULT_LOCKED' })

  const opened = secrets.opened()
  await unseal()
  await opened
  assert.equal(secrets.covenState(), 'linked')
  assert.equal(secrets.held(snarf), undefined)
  // Born before the vault was open, and still known for who it is.
  await assert.rejects(secrets.reveal('tieto', born, 'mail'), { code: 'SECRET_NOT_GRANTED' })
  const later = secrets.identityOf('snarf') ?? Buffer.alloc(0)
  assert.match(await secrets.reveal('snarf', later, 'snarf.seal'), /^[0-9a-f]{64}$/)
  await assert.rejects(secrets.reveal('snarf', born, 'snarf.seal'), { code: 'SECRET_REFUSED' })
})

test('a gilgul that comes while the vault is sealed knows who was born before, as soon as that is open', async (context) => {
  const { unseal, seal, rise } = await createStage(context)
  await unseal()
  const identity = (await rise()).identityOf('snarf') ?? Buffer.alloc(0)
  await seal()
  const next = await rise()
  await assert.rejects(next.reveal('snarf', identity, 'snarf.seal'), { code: 'VAULT_LOCKED' })
  const opened = next.opened()
  await unseal()
  await opened
  assert.match(await next.reveal('snarf', identity, 'snarf.seal'), /^[0-9a-f]{64}$/)
  await seal()
  assert.equal(next.covenState(), 'sealed')
  await assert.rejects(next.reveal('snarf', identity, 'snarf.seal'), { code: 'VAULT_LOCKED' })
})
