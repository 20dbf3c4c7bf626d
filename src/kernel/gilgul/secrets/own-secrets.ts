import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import type { CovenClient } from '#kernel/coven'
import { destroyFile } from '#kernel/journal'
import { createKey, KEY_BYTES, sameBytes, wipe } from '#kernel/seal'
import type { OwnSecret, ServiceSpec } from '../spec/spec.ts'
import { allSecrets } from './all-secrets.ts'

export interface OwnSecretsOptions {
  readonly coven: Pick<CovenClient, 'ask'>
  readonly services: readonly Pick<ServiceSpec, 'name' | 'secrets' | 'command'>[]
  /** Where former files lie. */
  readonly vaultFolder: string
  /** One line in the log. */
  readonly note: (text: string) => void
}

/** The key of each service, from coven. */
export async function readIdentities({
  coven,
  services,
}: Pick<OwnSecretsOptions, 'coven' | 'services'>): Promise<ReadonlyMap<string, Buffer>> {
  // Programs of the owner have no seat on the bus, and are known by their processes.
  const onBus = services.filter(({ command }) => command === undefined)
  const entries = onBus.map(async ({ name }): Promise<[string, Buffer]> => {
    const { value } = await coven.ask('identity', { service: name })
    return [name, value]
  })
  return new Map(await Promise.all(entries))
}

/**
 * Makes the secrets that services have of their own, where they are missing, and grants them. Dying in the middle harms
 * nothing: the next gilgul goes on where this one was. Rejects with what coven rejects with.
 */
export async function makeOwnSecrets(options: OwnSecretsOptions): Promise<void> {
  const there = await allSecrets(options.coven)
  for (const { name: service, secrets } of options.services) {
    for (const secret of secrets) {
      const known = there.find(({ name }) => name === secret.name)
      await makeOwnSecret(secret, service, known?.grants, options)
    }
  }
}

async function makeOwnSecret(
  secret: OwnSecret,
  service: string,
  grants: readonly string[] | undefined,
  { coven, vaultFolder, note }: OwnSecretsOptions,
): Promise<void> {
  const { name } = secret
  const path = secret.formerFile === undefined ? undefined : join(vaultFolder, secret.formerFile)
  const former = path === undefined ? undefined : await readFormer(path)
  const value = former ?? createKey()
  try {
    if (!grants && secret.origin === 'kept') return
    if (!grants) await coven.ask('set', { name, service: 'gilgul' }, value)
    if (!grants?.includes(service)) {
      await coven.ask('grant', { name, to: service, granted: true, service: 'gilgul' })
    }
    if (path === undefined || former === undefined) return
    if (grants && !(await isThere(coven, name, service, former))) {
      note(`${path} holds another key than the vault does. It was left where it is.`)
      return
    }
    await destroyFile(path)
    note(`${path} was moved into the vault`)
  } finally {
    wipe(value)
  }
}

async function isThere(
  coven: OwnSecretsOptions['coven'],
  name: string,
  service: string,
  former: Buffer,
): Promise<boolean> {
  const { value } = await coven.ask('reveal', { name, service })
  const isSame = sameBytes(value, former)
  wipe(value)
  return isSame
}

/** Undefined where there is none, none that is a key, or only what was left of one that was just being destroyed. */
async function readFormer(path: string): Promise<Buffer | undefined> {
  const bytes = await readFile(path).catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOENT') return undefined
    throw error
  })
  if (bytes?.every((byte) => byte === 0)) await destroyFile(path)
  else if (bytes?.length === KEY_BYTES) return bytes
  return undefined
}
