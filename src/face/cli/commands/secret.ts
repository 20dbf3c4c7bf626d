import { wipe } from '#kernel/seal'
import { gilgulContract, RunaError } from '#protocol'
import { withRuna } from '../connection.ts'
import { askHidden, canAsk, readAll } from '../hidden-input.ts'
import { formatMinute, formatTable, print, wholeNumber } from '../output.ts'

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
