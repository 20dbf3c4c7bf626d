import { howItOpens, tryPassphrase } from '#kernel/coven'
import { findOccupant } from '#kernel/gilgul'
import { homePaths } from '#kernel/home'
import { sameBytes, wipe } from '#kernel/seal'
import { gilgulContract, RunaError } from '#protocol'
import { withRuna } from '../connection.ts'
import { askHidden, canAsk, type InputLines, readAll, readLines } from '../hidden-input.ts'
import { formatMinute, formatTable, print, wholeNumber } from '../output.ts'
import { askForPassphrase, openVaultWith, refuseWeak } from '../vault.ts'

interface JsonOption {
  readonly json: boolean
}

const VALUE_BYTES_MAX = 64 * 1_024
const ENTRIES_MAX = 200

/** The value comes from the input, byte for byte, or is typed without being shown; never from the arguments. */
export async function setSecret(name: string, { json }: JsonOption): Promise<void> {
  await withRuna([], async ({ client, signal }) => {
    const bytes = canAsk()
      ? await askHidden(`The value of ${name}: `, signal)
      : await readAll(VALUE_BYTES_MAX)
    const value = bytes.toString('base64')
    wipe(bytes)
    if (value === '') throw new RunaError('BAD_INPUT', 'A secret has at least one byte.')
    const { version } = await client(gilgulContract).setSecret({ name, value }, { signal })
    print({ name, version }, json, `Stored ${name}, version ${version}.`)
  })
}

/** Without --json, the bytes and nothing else. */
export async function getSecret(
  name: string,
  { json, earlier }: JsonOption & { readonly earlier?: string },
): Promise<void> {
  const wanted = earlier === undefined ? {} : { version: wholeNumber('--earlier', earlier, 2 ** 31) }
  await withRuna([], async ({ client, signal }) => {
    const secret = await client(gilgulContract).getSecret({ name, ...wanted }, { signal })
    if (json) print({ name, ...secret }, json, '')
    else {
      process.stdout.write(Buffer.from(secret.value, 'base64'))
      // What follows on a terminal is the prompt of the shell.
      if (process.stdout.isTTY) process.stdout.write('\n')
    }
  })
}

export async function listSecrets({ json }: JsonOption): Promise<void> {
  await withRuna([], async ({ client, signal }) => {
    const { secrets } = await client(gilgulContract).listSecrets({}, { signal })
    const rows = secrets.map(({ name, version, at, grants, owner }) => {
      return [name, String(version), formatMinute(at), owner === '' ? 'you' : owner, grants.join(', ') || '-']
    })
    const text = formatTable([['SECRET', 'VERSION', 'SET', 'BELONGS TO', 'GRANTED TO'], ...rows])
    print({ secrets }, json, secrets.length === 0 ? 'No secrets yet. Set one: `runa secret set NAME`' : text)
  })
}

export async function grantSecret(
  name: string,
  to: string,
  granted: boolean,
  { json }: JsonOption,
): Promise<void> {
  await withRuna([], async ({ client, signal }) => {
    await client(gilgulContract).grantSecret({ name, to, granted }, { signal })
    const text = granted
      ? `${to} may have ${name} from now on.`
      : `${to} is not given ${name} any more. What it has in memory it keeps until it is started again.`
    print({ name, to, granted }, json, text)
  })
}

export async function removeSecret(name: string, { json }: JsonOption): Promise<void> {
  await withRuna([], async ({ client, signal }) => {
    await client(gilgulContract).removeSecret({ name }, { signal })
    print({ removed: name }, json, `Removed ${name}, in all its versions.`)
  })
}

export async function auditSecrets({ json, lines }: JsonOption & { readonly lines: string }): Promise<void> {
  const count = wholeNumber('--lines', lines, ENTRIES_MAX)
  await withRuna([], async ({ client, signal }) => {
    const audit = await client(gilgulContract).auditSecrets({ count }, { signal })
    const rows = audit.entries.map(({ at, service, operation, secret, outcome }) => {
      return [formatMinute(at), service, operation, secret || '-', outcome]
    })
    const text = formatTable([['WHEN', 'WHO', 'WHAT', 'SECRET', 'OUTCOME'], ...rows])
    const sound = `The list is sound: ${audit.count} entries in all.`
    print(audit, json, `${text}\n\n${sound}`)
  })
}

/** Has the vault open with a passphrase from then on. Only while Runa is down. */
export async function setPassphrase({
  json,
  passphraseStdin,
}: JsonOption & { readonly passphraseStdin: boolean }): Promise<void> {
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
export async function setKeyFile({
  json,
  passphraseStdin,
}: JsonOption & { readonly passphraseStdin: boolean }): Promise<void> {
  const folder = vaultAtRest()
  const lines = passphraseStdin ? readLines() : undefined
  try {
    const opened = await openVaultWith(folder, await presentPassphrase(folder, lines))
    await opened.lockWith('key file').finally(opened.close)
  } finally {
    lines?.end()
  }
  const text = `The vault opens with ${folder}/vault.key from now on: by itself, and for whoever has the disk.`
  print({ opensWith: 'key file' }, json, text)
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

async function askTwice(): Promise<Buffer> {
  if (!canAsk()) {
    throw new RunaError(
      'BAD_INPUT',
      'Nobody can be asked here: pipe the passphrase in, with --passphrase-stdin.',
    )
  }
  const typed = await askHidden('A new passphrase, at least 8 characters; a few words are good: ')
  refuseWeak(typed)
  const again = await askHidden('The same again: ')
  const isSame = sameBytes(typed, again)
  wipe(again)
  if (isSame) return typed
  wipe(typed)
  throw new RunaError('BAD_INPUT', 'The two were not the same. Nothing was changed.')
}
