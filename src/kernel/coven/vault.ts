import { createKey, deriveKey, keepSecret, moveSecret, wipe } from '#kernel/seal'
import { RunaError } from '#protocol'
import type { Unlock } from './unlock.ts'
import { openVaultCell, type VaultCell, type VaultOptions } from './vault-cell.ts'
import type { AuditMark, StoredSecret, VaultContent } from './vault-content.ts'

export type { VaultOptions }

export const SECRET_BYTES_MAX = 64 * 1_024
const SECRETS_MAX = 1_024
/** Older ones are wiped: who still needs one has had seven changes to notice. */
const VERSIONS_MAX = 8
const GRANTS_MAX = 64
const IDENTITIES_MAX = 256

interface SecretSummary {
  readonly name: string
  readonly version: number
  /** When that version was set, in milliseconds since 1970. */
  readonly at: number
  readonly grants: string[]
}

/** Whatever resolves is on the disk; whatever rejects has changed nothing. Names are checked by the caller. */
export interface Vault {
  revision(): number
  audit(): AuditMark
  /** From then on each writing says how far the list of what was done had come. */
  follow(mark: () => AuditMark): void
  /** Writes how far the list has come, though nothing else has changed. */
  note(): Promise<void>
  /** Copies the value. Resolves to its version. Rejects with BAD_INPUT or VAULT_FULL. */
  set(name: string, value: Uint8Array): Promise<number>
  /** A copy, which the caller wipes. Throws SECRET_UNKNOWN. */
  read(name: string, version?: number): { readonly version: number; readonly value: Buffer }
  list(): SecretSummary[]
  isGranted(name: string, service: string): boolean
  /** Rejects with SECRET_UNKNOWN or VAULT_FULL. */
  grant(name: string, service: string, granted: boolean): Promise<void>
  remove(name: string): Promise<void>
  /** The key that a service is born with, made when it is first asked for. A copy, which the caller wipes. */
  identity(service: string): Promise<Buffer>
  /** A key for something beside the vault, which opens with it. */
  deriveKey(purpose: string): Buffer
  /** Opens with another passphrase or key file from then on. */
  relock(unlock: Unlock): Promise<void>
  /** Waits for what is being written, then wipes everything. */
  close(): Promise<void>
}

/**
 * Opens a vault, and makes it where there is none: with a key file, that is made as well. Rejects with VAULT_VERSION,
 * VAULT_CORRUPT, VAULT_LOCKED or VAULT_KEY_MISSING, or RUNNING_ALREADY while somebody else has it open; and then the
 * file is as it was.
 */
export async function openVault(options: VaultOptions): Promise<Vault> {
  const cell = await openVaultCell(options)
  return {
    ...createReading(cell),
    ...createWriting(cell, options.now ?? Date.now),
    revision: () => cell.content().revision,
    audit: () => cell.content().audit,
    follow: cell.follow,
    deriveKey: (purpose) => moveSecret(deriveKey(cell.root(), purpose)),
    relock: cell.relock,
    note: () => cell.change(() => ({ next: {}, result: undefined })),
    close: cell.close,
  }
}

function createReading(cell: VaultCell): Pick<Vault, 'read' | 'list' | 'isGranted'> {
  return {
    read(name, version) {
      const { versions } = find(cell.content(), name)
      const found = version === undefined ? versions.at(-1) : versions.find((one) => one.version === version)
      if (!found) throw new RunaError('SECRET_UNKNOWN', `${name} has no version ${version} any more.`)
      return { version: found.version, value: keepSecret(found.value) }
    },
    list() {
      return [...cell.content().secrets].map(([name, { versions, grants }]) => {
        const { version = 0, at = 0 } = versions.at(-1) ?? {}
        return { name, version, at, grants: [...grants] }
      })
    },
    isGranted: (name, service) => cell.content().secrets.get(name)?.grants.includes(service) ?? false,
  }
}

function createWriting(
  cell: VaultCell,
  now: () => number,
): Pick<Vault, 'set' | 'grant' | 'remove' | 'identity'> {
  return {
    async set(name, value) {
      if (value.length > SECRET_BYTES_MAX) {
        throw new RunaError('BAD_INPUT', `A secret has at most ${SECRET_BYTES_MAX} bytes.`)
      }
      const copy = keepSecret(value)
      try {
        return await cell.change(({ secrets }) => {
          const { versions, grants } = secrets.get(name) ?? { versions: [], grants: [] }
          if (versions.length === 0) refuseWhenFull(secrets.size, SECRETS_MAX, 'secrets')
          const version = (versions.at(-1)?.version ?? 0) + 1
          const kept = [...versions, { version, at: now(), value: copy }].slice(-VERSIONS_MAX)
          return { next: { secrets: withEntry(secrets, name, { versions: kept, grants }) }, result: version }
        })
      } catch (error) {
        wipe(copy)
        throw error
      }
    },
    grant(name, service, granted) {
      return cell.change((content) => {
        const { versions, grants } = find(content, name)
        const others = grants.filter((other) => other !== service)
        if (granted) refuseWhenFull(others.length, GRANTS_MAX, 'services for one secret')
        const secret = { versions, grants: granted ? [...others, service] : others }
        return { next: { secrets: withEntry(content.secrets, name, secret) }, result: undefined }
      })
    },
    remove(name) {
      return cell.change((content) => {
        find(content, name)
        const secrets = new Map([...content.secrets].filter(([other]) => other !== name))
        return { next: { secrets }, result: undefined }
      })
    },
    async identity(service) {
      const known = cell.content().identities.get(service)
      if (known) return keepSecret(known)
      const key = await cell.change(({ identities }) => {
        const meanwhile = identities.get(service)
        if (meanwhile) return { next: {}, result: meanwhile }
        refuseWhenFull(identities.size, IDENTITIES_MAX, 'services')
        const made = moveSecret(createKey())
        return { next: { identities: withEntry(identities, service, made) }, result: made }
      })
      return keepSecret(key)
    },
  }
}

function find({ secrets }: VaultContent, name: string): StoredSecret {
  const secret = secrets.get(name)
  if (secret) return secret
  throw new RunaError('SECRET_UNKNOWN', `There is no secret named ${name}.`)
}

function withEntry<Value>(
  map: ReadonlyMap<string, Value>,
  name: string,
  value: Value,
): ReadonlyMap<string, Value> {
  return new Map([...map, [name, value]])
}

function refuseWhenFull(size: number, sizeMax: number, what: string): void {
  if (size >= sizeMax) throw new RunaError('VAULT_FULL', `The vault holds at most ${sizeMax} ${what}.`)
}
