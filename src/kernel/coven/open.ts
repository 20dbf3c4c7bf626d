import { rename } from 'node:fs/promises'
import { join } from 'node:path'
import { wipe } from '#kernel/seal'
import { RunaError } from '#protocol'
import { type Audit, openAudit } from './audit.ts'
import type { Unlock } from './unlock.ts'
import { openVault, type Vault, type VaultOptions } from './vault.ts'

export interface OpenCovenOptions extends Pick<VaultOptions, 'now' | 'scryptN'> {
  /** Where vault and list lie; made where it is missing. */
  readonly folder: string
  /** Nothing given: a key file in the same folder, made on the first run. It guards against nobody who has the folder. */
  readonly unlock?: Unlock
  /** Lays the list of what was done aside, beside itself, and begins a new one: when it is full, or was lost. */
  readonly newList?: boolean
}

export interface OpenCoven {
  readonly vault: Vault
  readonly audit: Audit
  close(): Promise<void>
}

/**
 * Opens the vault and the list of what was done with it, and holds one against the other. Rejects with what `openVault`
 * and `openAudit` reject with, or VAULT_OLDER.
 */
export async function openCoven(options: OpenCovenOptions): Promise<OpenCoven> {
  const { folder, unlock, newList = false } = options
  const path = join(folder, 'secrets.vault')
  const vault = await openVault({
    ...options,
    path,
    unlock: unlock ?? { keyFile: join(folder, 'vault.key') },
  })
  const key = vault.deriveKey('runa audit')
  let audit: Audit | undefined
  try {
    const listPath = join(folder, 'audit.journal')
    if (newList) await layAside(listPath)
    const mark = newList ? { count: 0, link: '' } : vault.audit()
    audit = await openAudit({ path: listPath, key, mark })
    refuseOld(vault, audit)
    vault.follow(audit.mark)
    if (newList) await vault.note()
    return { vault, audit, close: () => closeKnowing(vault, audit) }
  } catch (error) {
    await closeBoth(vault, audit)
    throw error
  } finally {
    wipe(key)
  }
}

/** An entry is written before the vault is: by one revision, and no more, a crash between the two leaves it behind. */
function refuseOld(vault: Vault, audit: Audit): void {
  if (audit.revision() <= vault.revision() + 1) return
  throw new RunaError(
    'VAULT_OLDER',
    `The vault has revision ${vault.revision()}; its list speaks of ${audit.revision()}.`,
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
