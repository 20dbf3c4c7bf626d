import { randomBytes } from 'node:crypto'
import { readFile } from 'node:fs/promises'
import * as z from 'zod'
import { replaceFile } from '#kernel/journal'
import { type ApiKey, RunaError } from '#protocol'
import { LIMITS } from '../limits.ts'
import { createSecret, digestOf, sameSecret } from './secret.ts'

const KEY_PREFIX = 'runa_'
/** `usedAt` on the disk may be behind by so much: a write for each request would wear out the disk for nothing. */
const USED_AT_LAG_MS = 60_000

const storedKeySchema = z.object({
  id: z.string(),
  name: z.string(),
  createdAt: z.number(),
  usedAt: z.number(),
  /** SHA-256, hex. The key itself has too many bits to be found from it. */
  digest: z.string(),
})
type StoredKey = z.infer<typeof storedKeySchema>
const keysFileSchema = z.object({ keys: z.array(storedKeySchema) })

export interface Keys {
  list(): ApiKey[]
  /** The key is in the answer, and nowhere else afterwards. Rejects with KEYS_FULL or DISK_FULL. */
  create(name: string): Promise<ApiKey & { key: string }>
  /** Takes effect at once. Rejects with KEY_UNKNOWN or DISK_FULL. */
  revoke(id: string): Promise<void>
  isValid(key: string): boolean
  close(): Promise<void>
}

/** Rejects with CONFIG_INVALID where the file is damaged: then nobody gets in, and nothing is overwritten. */
export async function openKeys(path: string, nowMs: () => number = Date.now): Promise<Keys> {
  let keys: readonly StoredKey[] = await readKeys(path)
  let unsavedUse = false
  let savedAt = 0
  let last: Promise<void> = Promise.resolve()

  /** One change after the other. What is on the disk goes first, so that no answer promises what a crash forgets. */
  function update(change: (keys: readonly StoredKey[]) => readonly StoredKey[]): Promise<void> {
    const updated = last.then(async () => {
      const next = change(keys)
      await replaceFile(path, JSON.stringify({ keys: next }))
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
    list: () => keys.map(({ digest: _, ...key }) => key),
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

async function readKeys(path: string): Promise<StoredKey[]> {
  try {
    return keysFileSchema.parse(JSON.parse(await readFile(path, 'utf8'))).keys
  } catch (cause) {
    if ((cause as NodeJS.ErrnoException).code === 'ENOENT') return []
    throw new RunaError('CONFIG_INVALID', `${path} cannot be read. Move it away to start without keys.`, {
      cause,
    })
  }
}
