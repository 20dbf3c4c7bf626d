import type { CovenClient } from '#kernel/coven'
import { wipe } from '#kernel/seal'
import { RunaError, type VaultChange } from '#protocol'
import { makeOwnSecrets, type OwnSecretsOptions, readIdentities } from './own-secrets.ts'

/** What coven refuses just after it was opened, such as for a full disk, is tried again. */
const AGAIN_MS = 5_000

/** What gilgul knows from the vault, for as long as that is open. */
export interface FollowedVault {
  /** Also while what services need of a vault that was just opened is not there yet. */
  isSealed(): boolean
  /** The key that coven has for a service. */
  identityOf(service: string): Buffer | undefined
  /** Resolves the next time that the vault is opened, and everything that services need of it is there. */
  opened(): Promise<void>
}

/**
 * Makes what is missing, now or once the vault is open. Rejects with what coven rejects with, unless that is that its vault is
 * sealed: nobody is to go on as if there were no coven.
 */
export async function followVault({
  coven,
  ...options
}: OwnSecretsOptions & { readonly coven: CovenClient }): Promise<FollowedVault> {
  let identities: ReadonlyMap<string, Buffer> | undefined
  let waiting: (() => void)[] = []
  /** Of the last change: an older one is overtaken. */
  let change = 0

  async function take(mine: number): Promise<void> {
    const known = await readIdentities({ coven, ...options })
    await makeOwnSecrets({ coven, ...options })
    if (mine !== change) return wipe(...known.values())
    identities = known
    for (const resolve of waiting.splice(0)) resolve()
  }

  async function follow({ vault }: VaultChange, mine: number): Promise<void> {
    wipe(...(identities?.values() ?? []))
    identities = undefined
    if (vault === 'open') await take(mine)
  }

  async function retry(told: VaultChange, mine: number): Promise<void> {
    try {
      await follow(told, mine)
    } catch (error) {
      if (mine !== change || isSealedError(error)) return
      options.note(`The vault is open, and what is needed of it is not there: ${error}. It is tried again.`)
      setTimeout(() => void (mine === change && retry(told, mine)), AGAIN_MS).unref()
    }
  }

  coven.onVault((told) => {
    change += 1
    options.note(`The vault was ${told.vault === 'open' ? 'opened' : 'sealed'}.`)
    void retry(told, change)
  })

  const { output } = await coven.ask('state', {})
  // Whatever was told meanwhile is newer.
  if (change === 0) {
    await follow(output, change).catch((error) => {
      if (!isSealedError(error)) throw error
    })
  }
  return {
    isSealed: () => identities === undefined,
    identityOf: (service) => identities?.get(service),
    opened: () =>
      new Promise((resolve) => {
        waiting = [...waiting, resolve]
      }),
  }
}

function isSealedError(error: unknown): boolean {
  return error instanceof RunaError && error.code === 'VAULT_LOCKED'
}
