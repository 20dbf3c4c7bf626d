import { howItOpens, type OpenCoven, openCoven, tryPassphrase } from '#kernel/coven'
import { wipe } from '#kernel/seal'
import { forbidCoreDumps, setUndumpable } from '#kernel/sys'
import { RunaError } from '#protocol'
import { askHidden, canAsk, readLines } from './hidden-input.ts'

export interface Unlocking {
  readonly folder: string
  /** The passphrase is the first line of the input, and nobody is asked. */
  readonly passphraseStdin: boolean
  readonly signal?: AbortSignal
}

const TRIES = 3
/** Below this, guessing is a matter of hours. */
const PASSPHRASE_BYTES_MIN = 8

/**
 * Opens the vault, and makes it where there is none. Where it needs a passphrase, the person is asked for it, three
 * times at most. Rejects with what `openCoven` rejects with, BAD_INPUT or CANCELLED.
 */
export async function openVaultOf(unlocking: Unlocking, { newList = false } = {}): Promise<OpenCoven> {
  const { folder } = unlocking
  return await withPassphrase(unlocking, (passphrase) => openVaultWith(folder, passphrase, { newList }))
}

/** Nobody may look into who holds a vault, or is about to. */
export function closeToOthers(): void {
  setUndumpable()
  forbidCoreDumps()
}

/** Opens the vault, and makes it where there is none. Wipes the passphrase. */
export async function openVaultWith(
  folder: string,
  passphrase: Buffer | undefined,
  { newList = false } = {},
): Promise<OpenCoven> {
  closeToOthers()
  const opening = openCoven({ folder, newList, ...(passphrase ? { unlock: { passphrase } } : {}) })
  return await opening.finally(() => wipe(passphrase ?? Buffer.alloc(0)))
}

/** Another root key for a vault at rest. Wipes the passphrase. Rejects with what `openCoven` and `OpenCoven.rekey` reject with. */
export async function rekeyVault(folder: string, passphrase: Buffer | undefined): Promise<void> {
  closeToOthers()
  try {
    const opened = await openCoven({ folder, ...(passphrase ? { unlock: { passphrase } } : {}) })
    await opened.rekey().finally(opened.close)
  } finally {
    wipe(passphrase ?? Buffer.alloc(0))
  }
}

/** A passphrase that opens the vault, to be handed on; undefined where it needs none. The caller wipes it. */
export async function findPassphrase(unlocking: Unlocking): Promise<Buffer | undefined> {
  return await withPassphrase(unlocking, async (passphrase) => {
    if (!passphrase) return undefined
    await tryPassphrase(unlocking.folder, passphrase)
    return Buffer.from(passphrase)
  })
}

async function withPassphrase<Result>(
  { folder, passphraseStdin, signal }: Unlocking,
  use: (passphrase: Buffer | undefined) => Promise<Result>,
): Promise<Result> {
  const needed = await howItOpens(folder)
  if (passphraseStdin) {
    const line = await readOneLine()
    if (needed === 'nothing') refuseWeak(line)
    return await use(line).finally(() => wipe(line))
  }
  if (needed !== 'passphrase') return await use(undefined)
  return await askForPassphrase(use, { signal })
}

/** Three times at most. */
export async function askForPassphrase<Result>(
  use: (passphrase: Buffer) => Promise<Result>,
  { signal, of = 'the vault' }: { readonly signal?: AbortSignal | undefined; readonly of?: string } = {},
): Promise<Result> {
  if (!canAsk()) {
    const message = 'The vault opens with a passphrase, and nobody can be asked for it here.'
    throw new RunaError('VAULT_KEY_MISSING', message)
  }
  for (let count = 1; ; count += 1) {
    const typed = await askHidden(`The passphrase of ${of}: `, signal)
    try {
      return await use(typed)
    } catch (error) {
      if (!(error instanceof RunaError && error.code === 'VAULT_KEY_WRONG') || count === TRIES) throw error
      process.stderr.write('That was not it.\n')
    } finally {
      wipe(typed)
    }
  }
}

async function readOneLine(): Promise<Buffer> {
  const lines = readLines()
  return await lines.next().finally(lines.end)
}

/** Throws BAD_INPUT. */
export function refuseWeak(passphrase: Buffer): void {
  if (passphrase.length >= PASSPHRASE_BYTES_MIN) return
  throw new RunaError('BAD_INPUT', `A passphrase has at least ${PASSPHRASE_BYTES_MIN} characters.`)
}
