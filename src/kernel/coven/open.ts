import { existsSync } from 'node:fs'
import { rename, rm } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { destroyFile, syncFolder } from '#kernel/journal'
import { wipe } from '#kernel/seal'
import { PERSON, RunaError } from '#protocol'
import { type Audit, isListOf, openAudit } from './audit.ts'
import type { Recipe, Unlock } from './unlock/recipe.ts'
import type { SystemKey } from './unlock/system-credential.ts'
import { auditKeyOf, openVault, type Vault, type VaultOptions } from './vault.ts'
import { readVaultFile } from './vault-cell.ts'
import { readRecipe, tryUnlock } from './vault-file.ts'

export interface OpenCovenOptions extends Pick<VaultOptions, 'now' | 'scryptN'> {
  /** Where vault and list lie; made where it is missing. */
  readonly folder: string
  /**
   * Nothing given: this machine, where the vault opens with that, and else a key file in the same folder, made on the first run.
   * That guards against nobody who has the folder.
   */
  readonly unlock?: Unlock
  /** Lays the list of what was done aside, beside itself, and begins a new one: when it is full, or was lost. */
  readonly newList?: boolean
}

export interface OpenCoven {
  /** Where the vault was made just now, with a key file: its path. */
  readonly madeKeyFile: string | undefined
  readonly vault: Vault
  readonly audit: Audit
  /**
   * Opens with something else from then on; a key file is a fresh one in the same folder. That it does is written down
   * first. Who has an old copy of the vault, and what that opened with, can still open that copy, and with its root key this
   * one. Rejects with BAD_INPUT where it opens with its key file already, and with what `Vault.relock` and `Audit.append`
   * reject with.
   */
  lockWith(unlock: NextUnlock): Promise<void>
  /**
   * Seals vault and list under another root key, and opens with the same passphrase, a fresh key file, or this machine: an old
   * copy, and what that opened with, opens nothing that is written from then on. Whenever it is stopped, the vault opens as
   * before or as after, and the list belongs to it. The passphrase that it was opened with must still be there: rejects with
   * VAULT_KEY_WRONG. Nothing can be asked of it afterwards but to be closed.
   */
  rekey(): Promise<void>
  close(): Promise<void>
}

export type NextUnlock = { readonly passphrase: Buffer } | { readonly machine: SystemKey } | 'key file'

const pathsIn = (folder: string) => ({
  vault: join(folder, 'secrets.vault'),
  keyFile: join(folder, 'vault.key'),
  list: join(folder, 'audit.journal'),
  /** Under the next root key. */
  nextList: join(folder, 'audit.journal.next'),
})

/**
 * What the vault in `folder` has to be opened with; `nothing` where there is none yet. Rejects with VAULT_VERSION,
 * VAULT_CORRUPT or SYSTEM_CALL_FAILED.
 */
export async function howItOpens(
  folder: string,
): Promise<'passphrase' | 'key file' | 'this machine' | 'nothing'> {
  const bytes = await readVaultFile(pathsIn(folder).vault)
  return bytes ? OPENS_WITH[readRecipe(bytes).kind] : 'nothing'
}

const OPENS_WITH = {
  argon2id: 'passphrase',
  scrypt: 'passphrase',
  'key-file': 'key file',
  machine: 'this machine',
} as const satisfies Record<Recipe['kind'], string>

/** What a vault opens with where nobody says anything. */
async function opensAlone(folder: string): Promise<Unlock> {
  const { vault, keyFile } = pathsIn(folder)
  const bytes = await readVaultFile(vault)
  const recipe = bytes && readRecipe(bytes)
  return recipe?.kind === 'machine' ? { machine: recipe.with } : { keyFile }
}

/** Resolves where this passphrase opens the vault, and opens nothing. Rejects with what `openCoven` would reject with. */
export async function tryPassphrase(folder: string, passphrase: Buffer): Promise<void> {
  const bytes = await readVaultFile(pathsIn(folder).vault)
  if (bytes) await tryUnlock(bytes, { passphrase })
}

/**
 * Opens the vault and the list of what was done with it, and holds one against the other. Rejects with what `openVault`
 * and `openAudit` reject with, VAULT_OLDER, or VAULT_MISSING where only the list is there.
 */
export async function openCoven(options: OpenCovenOptions): Promise<OpenCoven> {
  const { folder, newList = false } = options
  const paths = pathsIn(folder)
  const isNew = !existsSync(paths.vault)
  // A new vault in its place would open, and with it nothing that was sealed before.
  if (isNew && existsSync(paths.list)) throw new RunaError('VAULT_MISSING')
  const unlock = options.unlock ?? (await opensAlone(folder))
  const vault = await openVault({ ...options, path: paths.vault, unlock })
  const key = vault.auditKey()
  let audit: Audit | undefined
  try {
    if (newList) await layAside(paths.list)
    else await settleList(paths, vault, key)
    const mark = newList ? { count: 0, link: '' } : vault.audit()
    audit = await openAudit({ path: paths.list, key, mark })
    refuseOld(vault, audit)
    vault.follow(audit.mark)
    if (newList) await vault.note()
    const madeKeyFile = isNew && 'keyFile' in unlock ? unlock.keyFile : undefined
    const opened = { vault, audit }
    const locks = createLock(opened, unlock, paths, options.now ?? Date.now)
    return { ...opened, ...locks, madeKeyFile, close: () => closeKnowing(vault, audit) }
  } catch (error) {
    await closeBoth(vault, audit)
    throw error
  } finally {
    wipe(key)
  }
}

type Note = (operation: string) => Promise<void>

/** What a person is about to do with the vault as a whole is written down first. */
function createNote({ vault, audit }: Pick<OpenCoven, 'vault' | 'audit'>, now: () => number): Note {
  return (operation) => {
    const about = { operation, secret: '', service: PERSON, outcome: 'granted' } as const
    return audit.append({ ...about, at: now(), revision: vault.revision() + 1 })
  }
}

/** Gives the vault another thing to open with, or another root key. */
function createLock(
  opened: Pick<OpenCoven, 'vault' | 'audit'>,
  opensWith: Unlock,
  paths: Paths,
  now: () => number,
): Pick<OpenCoven, 'lockWith' | 'rekey'> {
  const { vault } = opened
  const { keyFile } = paths
  const note = createNote(opened, now)
  let unlock = opensWith
  return {
    async lockWith(next) {
      const toKeyFile = next === 'key file'
      if (toKeyFile && 'keyFile' in unlock)
        throw new RunaError('BAD_INPUT', 'The vault opens with its key file already.')
      await note(
        `lock with a ${toKeyFile ? next : 'passphrase' in next ? 'passphrase' : 'key of this machine'}`,
      )
      // One that still lies there opens nothing now, and may have been copied by many.
      if (toKeyFile) await destroyFile(keyFile)
      const nextUnlock = toKeyFile ? { keyFile } : next
      await vault.relock(nextUnlock)
      unlock = nextUnlock
      if (!toKeyFile) await destroyFile(keyFile)
    },
    async rekey() {
      // A passphrase that was wiped meanwhile would lock the vault for good.
      const bytes = await readVaultFile(paths.vault)
      if (bytes) await tryUnlock(bytes, unlock)
      await note('rekey')
      await rekey(opened, unlock, paths)
    },
  }
}

type Paths = ReturnType<typeof pathsIn>

/** The list is there under both keys while the vault is written, which decides between them. */
async function rekey(
  { vault, audit }: Pick<OpenCoven, 'vault' | 'audit'>,
  unlock: Unlock,
  { list, nextList }: Paths,
): Promise<void> {
  await vault.rekey(unlock, async (root) => {
    const key = auditKeyOf(root)
    return await audit.copyTo(nextList, key).finally(() => wipe(key))
  })
  await audit.close()
  await takeNextList(list, nextList)
}

/** A change of the root key may have been stopped before the vault was written, or after. */
async function settleList({ list, nextList }: Paths, vault: Vault, key: Buffer): Promise<void> {
  if (!existsSync(nextList)) return
  const mark = vault.audit()
  if (await isListOf({ path: list, key, mark })) await rm(nextList)
  else if (await isListOf({ path: nextList, key, mark })) await takeNextList(list, nextList)
}

async function takeNextList(list: string, nextList: string): Promise<void> {
  await rename(nextList, list)
  await syncFolder(dirname(list))
}

/** Only what the list is certain of counts: an entry is written before the vault is. */
function refuseOld(vault: Vault, audit: Audit): void {
  if (audit.revision() <= vault.revision()) return
  throw new RunaError(
    'VAULT_OLDER',
    `The vault has revision ${vault.revision()}; its list has seen ${audit.revision()}.`,
  )
}

async function layAside(path: string): Promise<void> {
  await rename(path, `${path}.${Date.now()}`).catch((error: NodeJS.ErrnoException) => {
    if (error.code !== 'ENOENT') throw error
  })
}

/** From then on nothing of the list can be cut off unseen. Where it cannot be noted, the vault knows what it knew. */
async function closeKnowing(vault: Vault, audit: Audit | undefined): Promise<void> {
  if (audit && audit.mark().count > vault.audit().count) await vault.note().catch(() => {})
  await closeBoth(vault, audit)
}

async function closeBoth(vault: Vault, audit: Audit | undefined): Promise<void> {
  await audit?.close()
  await vault.close()
}
