import { closeSync, openSync } from 'node:fs'
import { readdir, readFile, stat } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { destroyFile, explainFullDisk, replaceFile } from '#kernel/journal'
import { wipe } from '#kernel/seal'
import { lockByte, makeFolders } from '#kernel/sys'
import { RunaError } from '#protocol'
import { makeKeyFile, nextKeyFile, takeNextKeyFile } from './unlock/key-file.ts'
import type { Unlock } from './unlock/recipe.ts'
import { type AuditMark, decodeContent, encodeContent, type VaultContent } from './vault-content.ts'
import { createVaultKey, decodeVault, encodeVault, tryUnlock, type VaultKey } from './vault-file.ts'

const CONTENT_BYTES_MAX = 16 * 2 ** 20

export interface VaultOptions {
  readonly path: string
  readonly unlock: Unlock
  /** Milliseconds since 1970. */
  readonly now?: () => number
  /** A passphrase is made a key by scrypt at this cost, a power of two, as in vaults before argon2id. */
  readonly scryptN?: number
}

const OCCUPIED =
  'The vault is open already: Runa runs, is just starting or ending, or another command changes the vault.'

interface Change<Result> {
  readonly next: Partial<VaultContent>
  readonly result: Result
}

/** What a vault holds in memory and on the disk: one content, and one way to change it. */
export interface VaultCell {
  content(): VaultContent
  root(): Buffer
  follow(mark: () => AuditMark): void
  /** One change after the other: each is prepared from what the one before has stored, and counts once it is stored. */
  change<Result>(prepare: (content: VaultContent) => Change<Result>): Promise<Result>
  relock(unlock: Unlock): Promise<void>
  /**
   * Everything under another root key from then on. `prepare` is called with that before the vault is written, and resolves
   * to how far the list of what was done has come under it.
   */
  rekey(unlock: Unlock, prepare: (root: Buffer) => Promise<AuditMark>): Promise<void>
  close(): Promise<void>
}

/**
 * Opens a vault, and makes it where there is none: with a key file, that is made as well. Rejects with what `decodeVault`
 * rejects with, or RUNNING_ALREADY while somebody else has it open; and then the file is as it was.
 */
export async function openVaultCell(options: VaultOptions): Promise<VaultCell> {
  const lock = await openLock(options.path)
  try {
    if (!lockByte(lock, 0)) throw new RunaError('RUNNING_ALREADY', OCCUPIED)
    await sweep(dirname(options.path))
    const { key, content } = await load(options)
    return createCell(options, key, content, () => closeSync(lock))
  } catch (error) {
    closeSync(lock)
    throw error
  }
}

/** Halves of files whose writer was killed, and which may hold keys. Nobody else writes here now. */
async function sweep(folder: string): Promise<void> {
  const halves = (await readdir(folder)).filter((name) => /\.\d+\.new$/.test(name))
  for (const name of halves) await destroyFile(join(folder, name))
}

async function openLock(vaultPath: string): Promise<number> {
  try {
    makeFolders(dirname(vaultPath))
    return openSync(`${vaultPath}.lock`, 'w', 0o600)
  } catch (cause) {
    throw unusable(vaultPath, cause)
  }
}

/** The bytes of the file; undefined where there is none. Rejects with SYSTEM_CALL_FAILED. */
export async function readVaultFile(path: string): Promise<Buffer | undefined> {
  return await readFile(path).catch((cause: NodeJS.ErrnoException) => {
    if (cause.code === 'ENOENT') return undefined
    throw unusable(path, cause)
  })
}

function unusable(path: string, cause: unknown): RunaError {
  const known = explainFullDisk(cause)
  if (known instanceof RunaError) return known
  const { code = '' } = cause as NodeJS.ErrnoException
  return new RunaError('SYSTEM_CALL_FAILED', `The vault ${path} cannot be used: ${code}.`, { cause })
}

async function load(options: VaultOptions): Promise<{ key: VaultKey; content: VaultContent }> {
  const { path, unlock } = options
  const bytes = await readVaultFile(path)
  if (!bytes) return await make(options)
  if ('keyFile' in unlock) await settleKeyFile(bytes, unlock.keyFile)
  const { key, content: encoded } = await decodeVault(bytes, unlock)
  try {
    return { key, content: decodeContent(encoded) }
  } finally {
    wipe(encoded)
  }
}

async function make({
  path,
  unlock,
  scryptN,
}: VaultOptions): Promise<{ key: VaultKey; content: VaultContent }> {
  // A key file without a vault: it was made just before a crash, or for another vault. It opens this one then.
  if ('keyFile' in unlock && !(await exists(unlock.keyFile))) await makeKeyFile(unlock.keyFile)
  const key = await createVaultKey(unlock, scryptN)
  const content = { revision: 0, audit: { count: 0, link: '' }, secrets: new Map(), identities: new Map() }
  await store(path, key, content)
  return { key, content }
}

/** A change of the root key may have been stopped before the vault was written, or after. */
async function settleKeyFile(bytes: Buffer, keyFile: string): Promise<void> {
  const next = nextKeyFile(keyFile)
  if (!(await exists(next))) return
  const isInForce = await tryUnlock(bytes, { keyFile: next }).then(
    () => true,
    () => false,
  )
  if (isInForce) await takeNextKeyFile(keyFile)
  else if (await exists(keyFile)) await destroyFile(next)
}

async function exists(path: string): Promise<boolean> {
  return await stat(path).then(
    () => true,
    () => false,
  )
}

async function store(path: string, key: VaultKey, content: VaultContent): Promise<void> {
  const encoded = encodeContent(content)
  try {
    if (encoded.length > CONTENT_BYTES_MAX) throw new RunaError('VAULT_FULL')
    await replaceFile(path, encodeVault(key, encoded))
  } finally {
    wipe(encoded)
  }
}

function createCell(
  { path, scryptN }: VaultOptions,
  openedKey: VaultKey,
  opened: VaultContent,
  unlockFile: () => void,
): VaultCell {
  let [key, content] = [openedKey, opened]
  let mark = () => content.audit
  let writing: Promise<unknown> = Promise.resolve()
  let closed = false

  function change<Result>(
    prepare: (content: VaultContent) => Change<Result>,
    nextKey?: VaultKey,
  ): Promise<Result> {
    const done = writing.then(async () => {
      const { next, result } = prepare(refuseClosed(content))
      const changed = { ...content, ...next, revision: content.revision + 1, audit: mark() }
      await store(path, nextKey ?? key, changed)
      wipeDropped(content, changed)
      content = changed
      key = nextKey ?? key
      return result
    })
    writing = done.catch(() => {})
    return done
  }

  /** What was wiped may be somebody else's room by now. */
  function refuseClosed<Held>(held: Held): Held {
    if (closed) throw new RunaError('VAULT_LOCKED', 'The vault was closed.')
    return held
  }

  return {
    content: () => refuseClosed(content),
    root: () => refuseClosed(key).root,
    follow(following) {
      mark = following
    },
    change: (prepare) => change(prepare),
    async relock(unlock) {
      if ('keyFile' in unlock && !(await exists(unlock.keyFile))) await makeKeyFile(unlock.keyFile)
      const nextKey = await createVaultKey(unlock, scryptN, key.root)
      await change(() => ({ next: {}, result: undefined }), nextKey)
    },
    async rekey(unlock, prepare) {
      const next = 'keyFile' in unlock ? { keyFile: nextKeyFile(unlock.keyFile) } : unlock
      if ('keyFile' in next) await makeKeyFile(next.keyFile)
      const nextKey = await createVaultKey(next, scryptN)
      const [before, markBefore] = [key.root, mark]
      try {
        const audit = await prepare(nextKey.root)
        mark = () => audit
        await change(() => ({ next: {}, result: undefined }), nextKey)
      } catch (error) {
        mark = markBefore
        wipe(nextKey.root)
        throw error
      }
      wipe(before)
      if ('keyFile' in unlock) await takeNextKeyFile(unlock.keyFile)
    },
    async close() {
      closed = true
      await writing
      wipe(key.root, ...valuesOf(content))
      unlockFile()
    },
  }
}

function valuesOf({ secrets, identities }: VaultContent): Buffer[] {
  const values = [...secrets.values()].flatMap(({ versions }) => versions.map(({ value }) => value))
  return [...values, ...identities.values()]
}

function wipeDropped(before: VaultContent, after: VaultContent): void {
  const kept = new Set(valuesOf(after))
  wipe(...valuesOf(before).filter((value) => !kept.has(value)))
}
