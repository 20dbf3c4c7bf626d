import { existsSync } from 'node:fs'
import { rename } from 'node:fs/promises'
import { join } from 'node:path'
import { destroyFile } from '#kernel/journal'
import { wipe } from '#kernel/seal'
import { PERSON, RunaError } from '#protocol'
import { type Audit, openAudit } from './audit.ts'
import type { Unlock } from './unlock.ts'
import { openVault, type Vault, type VaultOptions } from './vault.ts'
import { readVaultFile } from './vault-cell.ts'
import { readRecipe, tryUnlock } from './vault-file.ts'

export interface OpenCovenOptions extends Pick<VaultOptions, 'now' | 'scryptN'> {
  /** Where vault and list lie; made where it is missing. */
  readonly folder: string
  /** Nothing given: a key file in the same folder, made on the first run. It guards against nobody who has the folder. */
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
   * Opens with a passphrase, or with a fresh key file in the same folder, from then on. That it does is written down
   * first. Who has an old copy of the vault, and what that opened with, can still open the old copy. Rejects with
   * BAD_INPUT where it opens with its key file already, and with what `Vault.relock` and `Audit.append` reject with.
   */
  lockWith(unlock: { readonly passphrase: Buffer } | 'key file'): Promise<void>
  close(): Promise<void>
}

const pathsIn = (folder: string) => ({
  vault: join(folder, 'secrets.vault'),
  keyFile: join(folder, 'vault.key'),
  list: join(folder, 'audit.journal'),
})

/**
 * What the vault in `folder` has to be opened with; `nothing` where there is none yet. Rejects with VAULT_VERSION,
 * VAULT_CORRUPT or SYSTEM_CALL_FAILED.
 */
export async function howItOpens(folder: string): Promise<'passphrase' | 'key file' | 'nothing'> {
  const bytes = await readVaultFile(pathsIn(folder).vault)
  if (!bytes) return 'nothing'
  return readRecipe(bytes).kind === 'scrypt' ? 'passphrase' : 'key file'
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
  const { unlock = { keyFile: paths.keyFile } } = options
  const vault = await openVault({ ...options, path: paths.vault, unlock })
  const key = vault.deriveKey('runa audit')
  let audit: Audit | undefined
  try {
    if (newList) await layAside(paths.list)
    const mark = newList ? { count: 0, link: '' } : vault.audit()
    audit = await openAudit({ path: paths.list, key, mark })
    refuseOld(vault, audit)
    vault.follow(audit.mark)
    if (newList) await vault.note()
    const madeKeyFile = isNew && 'keyFile' in unlock ? unlock.keyFile : undefined
    const opened = { vault, audit }
    return {
      ...opened,
      madeKeyFile,
      lockWith: createLock(opened, 'keyFile' in unlock, paths.keyFile, options.now ?? Date.now),
      close: () => closeKnowing(vault, audit),
    }
  } catch (error) {
    await closeBoth(vault, audit)
    throw error
  } finally {
    wipe(key)
  }
}

function createLock(
  { vault, audit }: Pick<OpenCoven, 'vault' | 'audit'>,
  opensWithFile: boolean,
  keyFile: string,
  now: () => number,
): OpenCoven['lockWith'] {
  let hasKeyFile = opensWithFile
  return async (next) => {
    const toKeyFile = next === 'key file'
    if (toKeyFile && hasKeyFile)
      throw new RunaError('BAD_INPUT', 'The vault opens with its key file already.')
    const operation = toKeyFile ? 'lock with a key file' : 'lock with a passphrase'
    const about = { operation, secret: '', service: PERSON, outcome: 'granted' } as const
    await audit.append({ ...about, at: now(), revision: vault.revision() + 1 })
    // One that still lies there opens nothing now, and may have been copied by many.
    if (toKeyFile) await destroyFile(keyFile)
    await vault.relock(toKeyFile ? { keyFile } : next)
    if (!toKeyFile) await destroyFile(keyFile)
    hasKeyFile = toKeyFile
  }
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
