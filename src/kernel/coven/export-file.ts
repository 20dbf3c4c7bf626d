import * as z from 'zod'
import { wipe } from '#kernel/seal'
import { leaseMsSchema, RunaError, secretNameSchema, serviceNameSchema } from '#protocol'
import { SECRET_BYTES_MAX, SECRETS_MAX } from './vault.ts'
import { decodeContent, encodeContent, type StoredSecret } from './vault-content.ts'
import { createVaultKey, decodeVault, encodeVault } from './vault-file.ts'

/** A secret on its way to another vault: its newest version, and who may have it. */
export interface CarriedSecret {
  readonly name: string
  /** When that version was set, in milliseconds since 1970. */
  readonly at: number
  readonly value: Buffer
  readonly grants: readonly string[]
  readonly leaseMs: number
}

const SECRET_SCHEMA = z.object({
  name: secretNameSchema,
  grants: z.array(serviceNameSchema),
  leaseMs: leaseMsSchema,
  sizeBytes: z.number().min(1).max(SECRET_BYTES_MAX),
})

/**
 * What an export is: a vault of its own, in the format of any, under a passphrase of its own. `cost` is for tests. The caller
 * wipes values and passphrase.
 */
export async function sealExport(
  secrets: readonly CarriedSecret[],
  passphrase: Buffer,
  cost?: number,
): Promise<Buffer> {
  const stored = secrets.map(({ name, at, value, grants, leaseMs }): [string, StoredSecret] => [
    name,
    { grants, leaseMs, once: false, versionLast: 1, versions: [{ version: 1, at, value }] },
  ])
  const content = encodeContent({
    revision: 0,
    audit: { count: 0, link: '' },
    secrets: new Map(stored),
    identities: new Map(),
  })
  const key = await createVaultKey({ passphrase }, cost)
  try {
    return encodeVault(key, content)
  } finally {
    wipe(content, key.root)
  }
}

/**
 * All of it was checked when this resolves. The caller wipes the values. Rejects with EXPORT_INVALID, and as `decodeVault` does
 * where the passphrase is wrong.
 */
export async function openExport(bytes: Buffer, passphrase: Buffer): Promise<CarriedSecret[]> {
  const { key, content } = await decodeVault(bytes, { passphrase }).catch((cause: unknown) => {
    const isDamaged =
      cause instanceof RunaError &&
      ['VAULT_VERSION', 'VAULT_CORRUPT', 'VAULT_KEY_MISSING'].includes(cause.code)
    throw isDamaged ? new RunaError('EXPORT_INVALID', undefined, { cause }) : cause
  })
  try {
    const { secrets } = decodeContent(content)
    if (secrets.size > SECRETS_MAX) throw new RangeError(`There are more than ${SECRETS_MAX} secrets.`)
    return [...secrets].map(([name, secret]) => carried(name, secret))
  } catch (cause) {
    throw new RunaError('EXPORT_INVALID', undefined, { cause })
  } finally {
    wipe(key.root, content)
  }
}

function carried(name: string, { versions, grants, leaseMs }: StoredSecret): CarriedSecret {
  const newest = versions.at(-1)
  const value = newest?.value ?? Buffer.alloc(0)
  SECRET_SCHEMA.parse({ name, grants, leaseMs, sizeBytes: value.length })
  return { name, at: newest?.at ?? 0, value, grants, leaseMs }
}
