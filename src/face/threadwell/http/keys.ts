import { randomBytes } from 'node:crypto'
import { readFile } from 'node:fs/promises'
import * as z from 'zod'
import { destroyFile } from '#kernel/journal'
import { wipe } from '#kernel/seal'
import type { Secrets } from '#kernel/service'
import { type ApiKey, RunaError } from '#protocol'
import { LIMITS } from '../limits.ts'
import { createSecret, digestOf, sameSecret } from './secret.ts'

const KEY_PREFIX = 'runa_'
/** The secret of threadwell's own in which they are kept. */
const SECRET = 'http.keys'
/** `usedAt` in the vault may be behind by so much: each writing is a line in the list of what was done, for good. */
const USED_AT_LAG_MS = 12 * 3_600_000

const storedKeySchema = z.object({
  id: z.string(),
  name: z.string(),
  createdAt: z.number(),
  usedAt: z.number(),
  /** SHA-256, hex. The key itself has too many bits to be found from it. */
  digest: z.string(),
})
type StoredKey = z.infer<typeof storedKeySchema>
const keysSchema = z.object({ keys: z.array(storedKeySchema) })

export interface Keys {
  /** Why there are none, and none can be made: Runa runs without coven, or coven did not give them. */
  readonly fault: RunaError | undefined
  /** Throws the fault. */
  list(): ApiKey[]
  /** The key is in the answer, and nowhere else afterwards. Rejects with KEYS_FULL, the fault, or as secrets are kept. */
  create(name: string): Promise<ApiKey & { key: string }>
  /** Takes effect at once. Rejects with KEY_UNKNOWN, the fault, or as secrets are kept. */
  revoke(id: string): Promise<void>
  isValid(key: string): boolean
  close(): Promise<void>
}

export interface KeysOptions {
  readonly secrets: Secrets
  /** The file of an earlier version. What is in it is moved into the vault. */
  readonly formerPath: string
  readonly nowMs?: () => number
}

/**
 * Names and digests of keys, in the vault. Rejects with CONFIG_INVALID where a file of an earlier version is damaged: then
 * nobody gets in, and nothing is overwritten.
 */
export async function openKeys({ secrets, formerPath, nowMs = Date.now }: KeysOptions): Promise<Keys> {
  const { stored, fault } = await readKeys(secrets, formerPath)
  let keys: readonly StoredKey[] = stored
  let unsavedUse = false
  let savedAt = 0
  let last: Promise<void> = Promise.resolve()

  function refuseFault(): void {
    if (fault) throw fault
  }

  /** One change after the other. What is in the vault goes first, so that no answer promises what a crash forgets. */
  function update(change: (keys: readonly StoredKey[]) => readonly StoredKey[]): Promise<void> {
    const updated = last.then(async () => {
      refuseFault()
      const next = change(keys)
      await keep(secrets, next)
      keys = next
      unsavedUse = false
      savedAt = nowMs()
    })
    last = updated.catch(() => {})
    return updated
  }

  function markUsed(used: StoredKey): void {
    const usedAt = nowMs()
    keys = keys.map((key) => (key.id === used.id ? { ...key, usedAt } : key))
    unsavedUse = true
    if (usedAt - savedAt > USED_AT_LAG_MS) void update((same) => same).catch(() => {})
  }

  return {
    fault,
    list() {
      refuseFault()
      return keys.map(({ digest: _, ...key }) => key)
    },
    async create(name) {
      const key = `${KEY_PREFIX}${createSecret()}`
      const entry = { id: randomBytes(6).toString('hex'), name, createdAt: nowMs(), usedAt: 0 }
      await update((before) => {
        if (before.length >= LIMITS.keysMax) throw new RunaError('KEYS_FULL')
        return [...before, { ...entry, digest: digestOf(key).toString('hex') }]
      })
      return { ...entry, key }
    },
    revoke: (id) =>
      update((before) => {
        if (!before.some((key) => key.id === id)) throw new RunaError('KEY_UNKNOWN')
        return before.filter((key) => key.id !== id)
      }),
    isValid(key) {
      const digest = digestOf(key).toString('hex')
      // Each is looked at, so that the time does not tell which one it was.
      const [found] = keys.filter((candidate) => sameSecret(candidate.digest, digest))
      if (found) markUsed(found)
      return found !== undefined
    },
    async close() {
      if (unsavedUse) await update((same) => same).catch(() => {})
      await last
    },
  }
}

async function readKeys(
  secrets: Secrets,
  formerPath: string,
): Promise<{ readonly stored: readonly StoredKey[]; readonly fault: RunaError | undefined }> {
  try {
    const kept = await reveal(secrets)
    const former = kept ? undefined : await readFormer(formerPath)
    if (former) await keep(secrets, former)
    // A start that was cut off after the keys were kept left the file behind.
    if (kept || former) await destroyFile(formerPath)
    return { stored: kept ?? former ?? [], fault: undefined }
  } catch (fault) {
    if (fault instanceof RunaError && fault.code !== 'CONFIG_INVALID') return { stored: [], fault }
    throw fault
  }
}

/** Undefined where none were ever kept. */
async function reveal(secrets: Secrets): Promise<readonly StoredKey[] | undefined> {
  try {
    const value = await secrets.reveal(SECRET)
    const { keys } = keysSchema.parse(JSON.parse(value.toString('utf8')))
    wipe(value)
    return keys
  } catch (error) {
    if (error instanceof RunaError && error.code === 'SECRET_UNKNOWN') return undefined
    throw error
  }
}

async function keep(secrets: Secrets, keys: readonly StoredKey[]): Promise<void> {
  await secrets.keep(SECRET, Buffer.from(JSON.stringify({ keys })))
}

async function readFormer(path: string): Promise<readonly StoredKey[] | undefined> {
  try {
    return keysSchema.parse(JSON.parse(await readFile(path, 'utf8'))).keys
  } catch (cause) {
    if ((cause as NodeJS.ErrnoException).code === 'ENOENT') return undefined
    throw new RunaError('CONFIG_INVALID', `${path} cannot be read. Move it away to start without keys.`, {
      cause,
    })
  }
}
