import * as z from 'zod'
import { keepSecret } from '#kernel/seal'
import { RunaError } from '#protocol'

interface SecretVersion {
  readonly version: number
  /** Milliseconds since 1970. */
  readonly at: number
  readonly value: Buffer
}

export interface StoredSecret {
  /** Oldest first; the last is the one in force. */
  readonly versions: readonly SecretVersion[]
  /** Services that may have it. */
  readonly grants: readonly string[]
  /** The highest number that a version of it ever had: none is used twice. */
  readonly versionLast: number
  /** It is given out one time, and is gone with that. */
  readonly once: boolean
  /** How long a service may hold it before it has to ask again. */
  readonly leaseMs: number
}

/** Of a secret that says nothing else. */
export const LEASE_MS = 15 * 60_000

/** How far the list of what was done had come when the vault was written. */
export interface AuditMark {
  readonly count: number
  /** Hexadecimal. */
  readonly link: string
}

/** Everything that a vault holds. Never changed in place: a change is a new one, which is stored before it counts. */
export interface VaultContent {
  /** Counts the writings of the vault. */
  readonly revision: number
  readonly audit: AuditMark
  readonly secrets: ReadonlyMap<string, StoredSecret>
  /** The key that each service is born with. */
  readonly identities: ReadonlyMap<string, Buffer>
}

const count = z.int().nonnegative()
const indexSchema = z.object({
  revision: count,
  audit: z.object({ count, link: z.string() }),
  secrets: z.array(
    z.object({
      name: z.string(),
      grants: z.array(z.string()),
      // What follows is missing in vaults of earlier versions.
      versionLast: count.optional(),
      once: z.boolean().default(false),
      leaseMs: count.default(LEASE_MS),
      versions: z.array(z.object({ version: count, at: count, sizeBytes: count })),
    }),
  ),
  identities: z.array(z.object({ service: z.string(), sizeBytes: count })),
})

const LENGTH_BYTES = 4

/**
 * An index in JSON, after its length (32 bits, little-endian), then all values one after the other: they never become
 * strings, which nobody could wipe. The caller wipes what this returns.
 */
export function encodeContent({ revision, audit, secrets, identities }: VaultContent): Buffer {
  const values: Buffer[] = []
  const sizeOf = (value: Buffer) => {
    values.push(value)
    return value.length
  }
  const index = {
    ...{ revision, audit },
    secrets: [...secrets].map(([name, { versions, ...about }]) => ({
      ...{ name, ...about },
      versions: versions.map(({ version, at, value }) => ({ version, at, sizeBytes: sizeOf(value) })),
    })),
    identities: [...identities].map(([service, key]) => ({ service, sizeBytes: sizeOf(key) })),
  }
  const indexBytes = Buffer.from(JSON.stringify(index))
  const length = Buffer.alloc(LENGTH_BYTES)
  length.writeUInt32LE(indexBytes.length)
  return Buffer.concat([length, indexBytes, ...values])
}

/** Copies every value, so that the caller can wipe `bytes`. Throws VAULT_CORRUPT. */
export function decodeContent(bytes: Buffer): VaultContent {
  try {
    const valuesAt = LENGTH_BYTES + bytes.readUInt32LE()
    const index = indexSchema.parse(JSON.parse(bytes.toString('utf8', LENGTH_BYTES, valuesAt)))
    let offset = valuesAt
    const take = (sizeBytes: number) => {
      if (offset + sizeBytes > bytes.length) throw new RangeError('The values end too early.')
      offset += sizeBytes
      return keepSecret(bytes.subarray(offset - sizeBytes, offset))
    }
    const secrets = index.secrets.map(({ name, versions, versionLast, ...about }): [string, StoredSecret] => [
      name,
      {
        ...about,
        versionLast: versionLast ?? versions.at(-1)?.version ?? 0,
        versions: versions.map(({ version, at, sizeBytes }) => ({ version, at, value: take(sizeBytes) })),
      },
    ])
    const identities = index.identities.map(({ service, sizeBytes }): [string, Buffer] => [
      service,
      take(sizeBytes),
    ])
    if (offset !== bytes.length) throw new RangeError('There is more than the index says.')
    const { revision, audit } = index
    return { revision, audit, secrets: new Map(secrets), identities: new Map(identities) }
  } catch (cause) {
    throw new RunaError('VAULT_CORRUPT', 'What the vault holds cannot be understood.', { cause })
  }
}
