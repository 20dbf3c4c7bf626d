import { existsSync } from 'node:fs'
import { open, readFile, rm, stat } from 'node:fs/promises'
import { dirname, resolve } from 'node:path'
import { type CarriedSecret, openExport, sealExport } from '#kernel/coven'
import { explainFullDisk, syncFolder } from '#kernel/journal'
import { wipe } from '#kernel/seal'
import { type Client, gilgulContract, PERSON, RunaError } from '#protocol'
import { withRuna } from '../../connection.ts'
import { canAsk, readLines } from '../../hidden-input.ts'
import { askTwice } from '../../new-passphrase.ts'
import { formatTable, plural, print } from '../../output.ts'
import { askForPassphrase, refuseWeak } from '../../vault.ts'
import { readAllSecrets } from './look.ts'

interface ExportOptions {
  readonly json: boolean
  readonly passphraseStdin: boolean
}

interface ImportOptions extends ExportOptions {
  readonly dryRun: boolean
  readonly replace: boolean
  readonly keep: boolean
}

type Gilgul = Client<typeof gilgulContract>

/** A vault has at most 16 MiB, and a little around it. */
const FILE_BYTES_MAX = 17 * 2 ** 20

/** The newest version of each secret that is a person's. What belongs to a service, or is given out once, stays. */
export async function exportSecrets(file: string, options: ExportOptions): Promise<void> {
  refuseThere(file)
  await withRuna([], async ({ client, signal }) => {
    const gilgul = client(gilgulContract)
    const all = await readAllSecrets(gilgul, signal)
    const mine = all.filter(({ owner, once, grants }) => owner === '' && !once && grants.includes(PERSON))
    if (mine.length === 0) throw new RunaError('BAD_INPUT', 'There are no secrets of yours to export.')
    const passphrase = await newPassphrase(options)
    const secrets: CarriedSecret[] = []
    try {
      for (const { name, at, grants, leaseMs } of mine) {
        const { value } = await gilgul.getSecret({ name, exported: true }, { signal })
        secrets.push({ name, at, grants, leaseMs, value: Buffer.from(value, 'base64') })
      }
      await writeNew(file, await sealExport(secrets, passphrase))
    } finally {
      wipe(passphrase, ...secrets.map(({ value }) => value))
    }
    const left = all.filter((secret) => !mine.includes(secret)).map(({ name }) => name)
    const note =
      left.length === 0 ? '' : ` Not in it, since they are not yours or given out once: ${left.join(', ')}.`
    const text = `${plural(mine.length, 'secret')} in ${file}, under that passphrase alone.${note}`
    print({ file, secrets: mine.map(({ name }) => name), left }, options.json, text)
  })
}

/** Changes nothing before the whole file was checked, and it is known what is to become of each secret in it. */
export async function importSecrets(file: string, options: ImportOptions): Promise<void> {
  if (options.replace && options.keep)
    throw new RunaError('BAD_INPUT', 'Either --replace or --keep: one of them.')
  const bytes = await readExport(file)
  const secrets = await openAsking(bytes, options)
  try {
    await withRuna([], async ({ client, signal }) => {
      const gilgul = client(gilgulContract)
      const plan = await makePlan(secrets, options, gilgul, signal)
      refuseConflicts(plan, options)
      if (!options.dryRun) await carryOut(plan, gilgul, signal)
      tell(file, plan, options)
    })
  } finally {
    wipe(...secrets.map(({ value }) => value))
  }
}

interface Step {
  readonly secret: CarriedSecret
  readonly action: 'add' | 'replace' | 'keep' | 'conflict' | 'refuse'
  /** Whose it is, where it may not be changed. */
  readonly owner: string
}

async function makePlan(
  secrets: readonly CarriedSecret[],
  { replace, keep }: ImportOptions,
  gilgul: Gilgul,
  signal: AbortSignal,
): Promise<Step[]> {
  const there = await readAllSecrets(gilgul, signal)
  const onConflict = replace ? 'replace' : keep ? 'keep' : 'conflict'
  return secrets.map((secret) => {
    const known = there.find(({ name }) => name === secret.name)
    const owner = known?.owner ?? ''
    return { secret, owner, action: owner !== '' ? 'refuse' : known ? onConflict : 'add' }
  })
}

function refuseConflicts(plan: readonly Step[], { dryRun }: ImportOptions): void {
  if (dryRun) return
  const namesOf = (action: Step['action']) =>
    plan.filter((step) => step.action === action).map(({ secret }) => secret.name)
  const [refused, conflicts] = [namesOf('refuse'), namesOf('conflict')]
  if (refused.length > 0)
    throw new RunaError('SECRET_OWNED', `Services of Runa own ${refused.join(', ')}. Nothing was changed.`)
  if (conflicts.length > 0)
    throw new RunaError(
      'SECRET_THERE',
      `There already: ${conflicts.join(', ')}. Nothing was changed. Say --replace or --keep.`,
    )
}

async function carryOut(plan: readonly Step[], gilgul: Gilgul, signal: AbortSignal): Promise<void> {
  let done = 0
  try {
    for (const { secret, action } of plan) {
      if (action === 'add' || action === 'replace') await carryIn(secret, action, gilgul, signal)
      done += 1
    }
  } catch (error) {
    if (!(error instanceof RunaError)) throw error
    const message = `${done} of ${plan.length} secrets are in the vault. ${error.message}`
    throw new RunaError(error.code, message, { cause: error })
  }
}

async function carryIn(
  { name, value, grants, leaseMs }: CarriedSecret,
  action: 'add' | 'replace',
  gilgul: Gilgul,
  signal: AbortSignal,
): Promise<void> {
  const expected = action === 'add' ? 'none' : 'one'
  await gilgul.setSecret({ name, value: value.toString('base64'), leaseMs, expected }, { signal })
  for (const to of grants) {
    if (to !== PERSON) await gilgul.grantSecret({ name, to, granted: true }, { signal })
  }
}

const WORDS: Readonly<Record<Step['action'], string>> = {
  add: 'added',
  replace: 'a new version of what is there',
  keep: 'there already, and left as it is',
  conflict: 'there already: --replace or --keep has to be said',
  refuse: 'belongs to a service of Runa, and cannot be imported',
}

function tell(file: string, plan: readonly Step[], { json, dryRun }: ImportOptions): void {
  const rows = plan.map(({ secret, action }) => [secret.name, secret.grants.join(', ') || '-', WORDS[action]])
  const table = formatTable([['SECRET', 'GRANTED TO', dryRun ? 'WOULD BE' : 'WAS'], ...rows])
  const secrets = plan.map(({ secret, action }) => ({ name: secret.name, grants: secret.grants, action }))
  print({ file, changed: !dryRun, secrets }, json, dryRun ? `${table}\n\nNothing was changed.` : table)
}

async function newPassphrase({ passphraseStdin }: ExportOptions): Promise<Buffer> {
  if (!passphraseStdin) return await askTwice()
  const line = await firstLine()
  refuseWeak(line)
  return line
}

async function openAsking(bytes: Buffer, { passphraseStdin }: ExportOptions): Promise<CarriedSecret[]> {
  if (!passphraseStdin && !canAsk())
    throw new RunaError(
      'BAD_INPUT',
      'Nobody can be asked here: pipe the passphrase in, with --passphrase-stdin.',
    )
  if (!passphraseStdin)
    return await askForPassphrase((passphrase) => openExport(bytes, passphrase), { of: 'the file' })
  const passphrase = await firstLine()
  return await openExport(bytes, passphrase).finally(() => wipe(passphrase))
}

async function firstLine(): Promise<Buffer> {
  const lines = readLines()
  return await lines.next().finally(lines.end)
}

function refuseThere(file: string): void {
  if (existsSync(file)) throw thereAlready(file)
}

function thereAlready(file: string): RunaError {
  return new RunaError('BAD_INPUT', `${file} is there already, and is not overwritten.`)
}

/** For its owner alone, never over another file, and on the disk when this resolves. */
async function writeNew(file: string, bytes: Buffer): Promise<void> {
  const handle = await open(file, 'wx', 0o600).catch((cause: NodeJS.ErrnoException) => {
    if (cause.code === 'EEXIST') throw thereAlready(file)
    throw new RunaError('BAD_INPUT', `${file} cannot be written: ${cause.code}.`, { cause })
  })
  try {
    await handle.writeFile(bytes)
    await handle.sync()
    await handle.close()
    await syncFolder(dirname(resolve(file)))
  } catch (cause) {
    await handle.close().catch(() => {})
    await rm(file, { force: true })
    throw explainFullDisk(cause)
  }
}

async function readExport(file: string): Promise<Buffer> {
  try {
    const { size } = await stat(file)
    if (size <= FILE_BYTES_MAX) return await readFile(file)
  } catch (cause) {
    const { code } = cause as NodeJS.ErrnoException
    throw new RunaError('FILE_NOT_FOUND', `${file} cannot be read: ${code}.`, { cause })
  }
  throw new RunaError('EXPORT_INVALID', `${file} is longer than any export.`)
}
