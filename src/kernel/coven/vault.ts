import { createKey, deriveKey, keepSecret, moveSecret, wipe } from '#kernel/seal'
import { RunaError } from '#protocol'
import type { Unlock } from './unlock/recipe.ts'
import { openVaultCell, type VaultCell, type VaultOptions } from './vault-cell.ts'
import { type AuditMark, LEASE_MS, type StoredSecret, type VaultContent } from './vault-content.ts'

export type { VaultOptions }

export const SECRET_BYTES_MAX = 64 * 1_024
export const SECRETS_MAX = 1_024
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
  /** How many versions are kept. */
  readonly versions: number
  readonly once: boolean
  readonly leaseMs: number
}

interface SetWish {
  /** Refused where there is one of that name, or none, though the opposite is expected. */
  readonly expected?: 'none' | 'one'
  /** Given out one time only. Whatever was there of that name is gone. */
  readonly once?: boolean
  /** How long a service may hold it from then on; as before where nothing is said. */
  readonly leaseMs?: number
}

/** Whatever resolves is on the disk; whatever rejects has changed nothing. Names are checked by the caller. */
export interface Vault {
  revision(): number
  audit(): AuditMark
  /** From then on each writing says how far the list of what was done had come. */
  follow(mark: () => AuditMark): void
  /** Writes how far the list has come, though nothing else has changed. */
  note(): Promise<void>
  /**
   * Copies the value. Resolves to its version. Rejects with BAD_INPUT, VAULT_FULL, and with SECRET_THERE or SECRET_UNKNOWN
   * where it is not as expected.
   */
  set(name: string, value: Uint8Array, wish?: SetWish): Promise<number>
  /** A copy, which the caller wipes. Throws SECRET_UNKNOWN. */
  read(name: string, version?: number): { readonly version: number; readonly value: Buffer }
  /** A one-time secret, which is gone from the disk when this resolves. A copy, as `read` gives. Rejects with SECRET_UNKNOWN. */
  take(name: string): Promise<{ readonly version: number; readonly value: Buffer }>
  /** Undefined where there is none of that name. */
  about(name: string): SecretSummary | undefined
  list(): SecretSummary[]
  /** Oldest first. Throws SECRET_UNKNOWN. */
  versions(name: string): { readonly version: number; readonly at: number }[]
  isGranted(name: string, service: string): boolean
  /** Rejects with SECRET_UNKNOWN or VAULT_FULL. */
  grant(name: string, service: string, granted: boolean): Promise<void>
  remove(name: string): Promise<void>
  /** Rejects with SECRET_UNKNOWN, or BAD_INPUT where it is the only one. */
  removeVersion(name: string, version: number): Promise<void>
  /** The key that a service is born with, made when it is first asked for. A copy, which the caller wipes. */
  identity(service: string): Promise<Buffer>
  /** The key of the list that belongs to it. The caller wipes it. */
  auditKey(): Buffer
  /** Opens with another passphrase or key file from then on. */
  relock(unlock: Unlock): Promise<void>
  /** As `VaultCell.rekey`. */
  rekey: VaultCell['rekey']
  /** Waits for what is being written, then wipes everything. */
  close(): Promise<void>
}

/**
 * Opens a vault, and makes it where there is none: with a key file, that is made as well. Rejects with VAULT_VERSION,
 * VAULT_CORRUPT, VAULT_KEY_WRONG or VAULT_KEY_MISSING, or RUNNING_ALREADY while somebody else has it open; and then the
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
    auditKey: () => auditKeyOf(cell.root()),
    relock: cell.relock,
    rekey: cell.rekey,
    note: () => cell.change(() => ({ next: {}, result: undefined })),
    close: cell.close,
  }
}

/** The caller wipes it. */
export function auditKeyOf(root: Buffer): Buffer {
  return moveSecret(deriveKey(root, 'runa audit'))
}

function createReading(cell: VaultCell): Pick<Vault, 'read' | 'about' | 'list' | 'versions' | 'isGranted'> {
  return {
    read(name, version) {
      const { versions } = find(cell.content(), name)
      const found = version === undefined ? versions.at(-1) : versions.find((one) => one.version === version)
      if (!found) throw noVersion(name, version)
      return { version: found.version, value: keepSecret(found.value) }
    },
    about(name) {
      const secret = cell.content().secrets.get(name)
      return secret && summarize(name, secret)
    },
    list: () => [...cell.content().secrets].map(([name, secret]) => summarize(name, secret)),
    versions: (name) => find(cell.content(), name).versions.map(({ version, at }) => ({ version, at })),
    isGranted: (name, service) => cell.content().secrets.get(name)?.grants.includes(service) ?? false,
  }
}

function summarize(name: string, { versions, grants, once, leaseMs }: StoredSecret): SecretSummary {
  const { version = 0, at = 0 } = versions.at(-1) ?? {}
  return { name, version, at, grants: [...grants], versions: versions.length, once, leaseMs }
}

const NEW_SECRET: StoredSecret = { versions: [], grants: [], versionLast: 0, once: false, leaseMs: LEASE_MS }

type Writing = Pick<Vault, 'set' | 'take' | 'grant' | 'remove' | 'removeVersion' | 'identity'>

function createWriting(cell: VaultCell, now: () => number): Writing {
  return {
    ...createValueWriting(cell, now),
    grant(name, service, granted) {
      return cell.change((content) => {
        const secret = find(content, name)
        const others = secret.grants.filter((other) => other !== service)
        if (granted) refuseWhenFull(others.length, GRANTS_MAX, 'services for one secret')
        const changed = { ...secret, grants: granted ? [...others, service] : others }
        return { next: { secrets: withEntry(content.secrets, name, changed) }, result: undefined }
      })
    },
    remove(name) {
      return cell.change((content) => {
        find(content, name)
        return { next: { secrets: withoutEntry(content.secrets, name) }, result: undefined }
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

function createValueWriting(
  cell: VaultCell,
  now: () => number,
): Pick<Vault, 'set' | 'take' | 'removeVersion'> {
  return {
    async set(name, value, wish = {}) {
      if (value.length > SECRET_BYTES_MAX) {
        throw new RunaError('BAD_INPUT', `A secret has at most ${SECRET_BYTES_MAX} bytes.`)
      }
      const copy = keepSecret(value)
      try {
        return await cell.change(({ secrets }) => {
          const known = secrets.get(name)
          refuseUnexpected(name, known !== undefined, wish.expected)
          if (!known) refuseWhenFull(secrets.size, SECRETS_MAX, 'secrets')
          const secret = withValue(known ?? NEW_SECRET, copy, now(), wish)
          return { next: { secrets: withEntry(secrets, name, secret) }, result: secret.versionLast }
        })
      } catch (error) {
        wipe(copy)
        throw error
      }
    },
    async take(name) {
      let copy: Buffer = Buffer.alloc(0)
      try {
        return await cell.change((content) => {
          const newest = find(content, name).versions.at(-1)
          if (!newest) throw noVersion(name)
          copy = keepSecret(newest.value)
          const result = { version: newest.version, value: copy }
          return { next: { secrets: withoutEntry(content.secrets, name) }, result }
        })
      } catch (error) {
        wipe(copy)
        throw error
      }
    },
    removeVersion(name, version) {
      return cell.change((content) => {
        const secret = find(content, name)
        const versions = secret.versions.filter((one) => one.version !== version)
        if (versions.length === secret.versions.length) throw noVersion(name, version)
        if (versions.length === 0)
          throw new RunaError('BAD_INPUT', `Version ${version} is the only one there is of ${name}.`)
        return {
          next: { secrets: withEntry(content.secrets, name, { ...secret, versions }) },
          result: undefined,
        }
      })
    },
  }
}

/** One that is given out one time has no earlier versions, nor has one that was such a secret before. */
function withValue(secret: StoredSecret, value: Buffer, at: number, wish: SetWish): StoredSecret {
  const { once = false, leaseMs = secret.leaseMs } = wish
  const version = secret.versionLast + 1
  const before = once || secret.once ? [] : secret.versions
  const versions = [...before, { version, at, value }].slice(-VERSIONS_MAX)
  return { ...secret, versions, versionLast: version, once, leaseMs }
}

function refuseUnexpected(name: string, isThere: boolean, expected: SetWish['expected']): void {
  if (expected === 'none' && isThere)
    throw new RunaError('SECRET_THERE', `There is a secret named ${name} already.`)
  if (expected === 'one' && !isThere)
    throw new RunaError('SECRET_UNKNOWN', `There is no secret named ${name}.`)
}

function noVersion(name: string, version?: number): RunaError {
  const which = version === undefined ? 'no version' : `no version ${version}`
  return new RunaError('SECRET_UNKNOWN', `${name} has ${which} any more.`)
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

function withoutEntry<Value>(map: ReadonlyMap<string, Value>, name: string): ReadonlyMap<string, Value> {
  return new Map([...map].filter(([other]) => other !== name))
}

function refuseWhenFull(size: number, sizeMax: number, what: string): void {
  if (size >= sizeMax) throw new RunaError('VAULT_FULL', `The vault holds at most ${sizeMax} ${what}.`)
}
