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
export async function openCoven({ folder, unlock, ...options }: OpenCovenOptions): Promise<OpenCoven> {
  const path = join(folder, 'secrets.vault')
  const vault = await openVault({
    ...options,
    path,
    unlock: unlock ?? { keyFile: join(folder, 'vault.key') },
  })
  const key = vault.deriveKey('runa audit')
  let audit: Audit | undefined
  try {
    audit = await openAudit({ path: join(folder, 'audit.journal'), key, mark: vault.audit() })
    refuseOld(vault, audit)
    vault.follow(audit.mark)
    return { vault, audit, close: () => closeBoth(vault, audit) }
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

async function closeBoth(vault: Vault, audit: Audit | undefined): Promise<void> {
  await audit?.close()
  await vault.close()
}
