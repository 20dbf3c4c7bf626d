import {
  askDoor,
  type DoorAnswer,
  howItOpens,
  type NextUnlock,
  type SystemKey,
  tryPassphrase,
} from '#kernel/coven'
import { findOccupant } from '#kernel/gilgul'
import { homePaths } from '#kernel/home'
import { wipe } from '#kernel/seal'
import { RunaError } from '#protocol'
import { type InputLines, readLines } from '../hidden-input.ts'
import { askTwice } from '../new-passphrase.ts'
import { print } from '../output.ts'
import { askForPassphrase, openVaultWith, refuseWeak, rekeyVault } from '../vault.ts'

interface JsonOption {
  readonly json: boolean
}

interface PassphraseOption extends JsonOption {
  readonly passphraseStdin: boolean
}

/** Opens the vault of the Runa that runs. The passphrase goes to coven itself, and passes nobody else. */
export async function unseal({ json, passphraseStdin }: PassphraseOption): Promise<void> {
  const { run, vault } = homePaths()
  const { vault: state } = await askCoven('state')
  const answer =
    state === 'open' ? { vault: state, changed: false } : await unsealWith(run, vault, passphraseStdin)
  const text = answer.changed
    ? 'The vault is open. Services that waited for it are started now.'
    : 'The vault is open already.'
  print(answer, json, text)
}

async function askCoven(operation: 'state' | 'seal'): Promise<DoorAnswer> {
  const paths = homePaths()
  return await askDoor(paths.run, operation).catch((error: unknown) => {
    const isThere = error instanceof RunaError && error.code === 'NOT_RUNNING' && findOccupant(paths)
    throw isThere ? new RunaError('SECRETS_MISSING') : error
  })
}

async function unsealWith(run: string, folder: string, passphraseStdin: boolean): Promise<DoorAnswer> {
  if (passphraseStdin) {
    const lines = readLines()
    const line = await lines.next().finally(lines.end)
    return await askDoor(run, 'unseal', line).finally(() => wipe(line))
  }
  if ((await howItOpens(folder)) !== 'passphrase') return await askDoor(run, 'unseal')
  return await askForPassphrase((typed) => askDoor(run, 'unseal', typed))
}

/** Has the Runa that runs forget everything that is in the vault. What services have by now they keep. */
export async function seal({ json }: JsonOption): Promise<void> {
  const answer = await askCoven('seal')
  const text = answer.changed
    ? 'The vault is sealed: no secret is given out until `runa secret unseal`. Services keep what they have in memory.'
    : 'The vault is sealed already.'
  print(answer, json, text)
}

/** Has the vault open with a passphrase from then on. Only while Runa is down. */
export async function setPassphrase({ json, passphraseStdin }: PassphraseOption): Promise<void> {
  const folder = vaultAtRest()
  const lines = passphraseStdin ? readLines() : undefined
  try {
    const present = await presentPassphrase(folder, lines)
    const next = lines ? await lines.next() : await askTwice()
    refuseWeak(next)
    const opened = await openVaultWith(folder, present)
    await opened.lockWith({ passphrase: next }).finally(opened.close)
    wipe(next)
  } finally {
    lines?.end()
  }
  const text =
    'The vault opens with this passphrase from now on. Nobody can open it for you if you forget it.'
  print({ opensWith: 'passphrase' }, json, text)
}

/** Has the vault open with a key file from then on. Only while Runa is down. */
export async function setKeyFile(options: PassphraseOption): Promise<void> {
  const folder = await lockWith('key file', options)
  const text = `The vault opens with ${folder}/vault.key from now on: by itself, and for whoever has the disk.`
  print({ opensWith: 'key file' }, options.json, text)
}

/** Has the vault open by this machine alone from then on. Only while Runa is down. */
export async function setMachineKey({
  with: machine,
  ...options
}: PassphraseOption & { readonly with: SystemKey }): Promise<void> {
  await lockWith({ machine }, options)
  const text = [
    'The vault opens on this machine from now on: by itself, and for root. Nothing opens it anywhere else, also not after',
    'its disk moved or its system was installed anew: keep what you cannot lose elsewhere as well (`runa secret export`).',
  ].join('\n')
  print({ opensWith: 'this machine', with: machine }, options.json, text)
}

/** Seals the vault under another root key. Only while Runa is down. */
export async function rekey({ json, passphraseStdin }: PassphraseOption): Promise<void> {
  const folder = vaultAtRest()
  const opensWith = await howItOpens(folder)
  if (opensWith === 'nothing') throw new RunaError('BAD_INPUT', 'There is no vault yet: `runa up` makes one.')
  const lines = passphraseStdin ? readLines() : undefined
  try {
    await rekeyVault(folder, await presentPassphrase(folder, lines))
  } finally {
    lines?.end()
  }
  const text =
    'The vault and its list are sealed under another key. Old copies open as before, and nothing newer with them.'
  print({ opensWith }, json, text)
}

async function lockWith(next: NextUnlock, { passphraseStdin }: PassphraseOption): Promise<string> {
  const folder = vaultAtRest()
  const lines = passphraseStdin ? readLines() : undefined
  try {
    const opened = await openVaultWith(folder, await presentPassphrase(folder, lines))
    await opened.lockWith(next).finally(opened.close)
    return folder
  } finally {
    lines?.end()
  }
}

function vaultAtRest(): string {
  const paths = homePaths()
  if (!findOccupant(paths)) return paths.vault
  throw new RunaError('RUNNING_ALREADY', 'How the vault opens can only be changed while Runa is down.')
}

/** The one that opens the vault now, the first of the lines; undefined where it needs none. Whoever gets it wipes it. */
async function presentPassphrase(folder: string, lines: InputLines | undefined): Promise<Buffer | undefined> {
  if ((await howItOpens(folder)) !== 'passphrase') return undefined
  if (lines) return await lines.next()
  return await askForPassphrase(async (typed) => {
    await tryPassphrase(folder, typed)
    return Buffer.from(typed)
  })
}
