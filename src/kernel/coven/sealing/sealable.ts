import { covenContract, PERSON, RunaError, type VaultChange } from '#protocol'
import type { CovenHandlers } from '../giving/handlers.ts'
import { howItOpens, type OpenCoven, openCoven } from '../open.ts'
import { createCoven, tellMemory } from '../service.ts'
import { createPatience } from './patience.ts'

export interface SealableOptions {
  readonly folder: string
  /** The vault in that folder, where it is open already. It is closed by whoever closes this. */
  readonly opened: OpenCoven | undefined
  readonly onChange: (change: VaultChange) => void
  /** Of a clock that nobody sets. */
  readonly nowMs?: () => number
}

/** A vault that can be opened and sealed again while coven lives. */
export interface Sealable {
  readonly handlers: CovenHandlers
  state(): VaultChange['vault']
  /**
   * Resolves once it is open, also where it was already: then nothing is asked of the passphrase. Rejects with BUSY while
   * somebody else tries or too soon after a wrong one, VAULT_KEY_MISSING where it needs a passphrase and got none, and
   * with what `openCoven` rejects with. The caller wipes the passphrase.
   */
  unseal(passphrase: Buffer | undefined): Promise<void>
  /** Resolves once nothing of the vault is in memory: key and values are wiped, and what was being written is on the disk. */
  seal(): Promise<void>
  close(): Promise<void>
}

export function createSealable({ folder, opened, onChange, nowMs }: SealableOptions): Sealable {
  const patience = createPatience(nowMs)
  let present = opened && { opened, handlers: createCoven(opened) }
  let closing: Promise<void> = Promise.resolve()

  async function open(passphrase: Buffer | undefined): Promise<void> {
    await closing
    // Only what there is: a vault that is gone must not be replaced by an empty one while Runa runs.
    if ((await howItOpens(folder)) === 'nothing') throw new RunaError('VAULT_MISSING')
    const made = await openCoven({ folder, ...(passphrase ? { unlock: { passphrase } } : {}) })
    await note(made, 'unseal').catch(async (error) => {
      await made.close()
      throw error
    })
    present = { opened: made, handlers: createCoven(made) }
    onChange({ vault: 'open' })
  }

  async function seal(): Promise<void> {
    if (present) {
      closing = closeNoting(present.opened)
      present = undefined
      onChange({ vault: 'sealed' })
    }
    await closing
  }

  return {
    handlers: {
      ...createSealedHandlers(() => present?.handlers),
      state: async () => ({ output: { vault: present ? 'open' : 'sealed' } }),
      memory: async () => ({ output: tellMemory() }),
    },
    state: () => (present ? 'open' : 'sealed'),
    unseal: (passphrase) => (present ? Promise.resolve() : patience.attempt(() => open(passphrase))),
    seal,
    async close() {
      const { opened: left } = present ?? {}
      present = undefined
      await left?.close()
      await closing
    },
  }
}

/** That it was opened or sealed is written down, as whatever else a person does. */
function note({ vault, audit }: OpenCoven, operation: 'unseal' | 'seal'): Promise<void> {
  const about = { operation, secret: '', service: PERSON, outcome: 'granted' } as const
  return audit.append({ ...about, at: Date.now(), revision: vault.revision() })
}

/** A full disk is no reason to leave a vault open. */
async function closeNoting(opened: OpenCoven): Promise<void> {
  await note(opened, 'seal').catch(() => {})
  await opened.close()
}

/** Whatever is asked is asked of the vault that is open just then. */
function createSealedHandlers(present: () => CovenHandlers | undefined): CovenHandlers {
  const names = Object.keys(covenContract.operations) as (keyof CovenHandlers)[]
  const entries = names.map((name) => [
    name,
    async (input: never, value: Buffer) => {
      const handlers = present()
      if (!handlers) throw new RunaError('VAULT_LOCKED')
      return await handlers[name](input, value)
    },
  ])
  return Object.fromEntries(entries) as CovenHandlers
}
