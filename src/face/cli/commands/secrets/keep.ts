import { wipe } from '#kernel/seal'
import { type Client, gilgulContract, RANDOM_BYTES_MAX, RunaError } from '#protocol'
import { readDuration } from '../../bus/amounts.ts'
import { withRuna } from '../../connection.ts'
import { askHidden, canAsk, readAll } from '../../hidden-input.ts'
import { print, wholeNumber } from '../../output.ts'

interface JsonOption {
  readonly json: boolean
}

interface ValueOptions extends JsonOption {
  readonly random?: string
}

interface SetOptions extends ValueOptions {
  readonly once: boolean
  readonly lease?: string
}

const VALUE_BYTES_MAX = 64 * 1_024
/** Below this, what was made from chance could be guessed. */
const RANDOM_BYTES_MIN = 16

/** The value comes from the input, byte for byte, is typed without being shown, or made from chance; never from the arguments. */
export async function setSecret(name: string, options: SetOptions): Promise<void> {
  const { json, once } = options
  const leaseMs = options.lease === undefined ? {} : { leaseMs: readLease(options.lease) }
  const version = await store(name, options, { once, ...leaseMs })
  const warning = once ? ' It is given out one time, and is gone with that.' : ''
  print({ name, version, once }, json, `Stored ${name}, version ${version}.${warning}`)
}

/** A new version of a secret that is there. Who holds the old one is told. */
export async function rotateSecret(name: string, options: ValueOptions): Promise<void> {
  const version = await store(name, options, { expected: 'one' })
  const text = `Stored ${name}, version ${version}. Services that held the one before were told to ask again.`
  print({ name, version }, options.json, text)
}

type Wish = Omit<Parameters<Client<typeof gilgulContract>['setSecret']>[0], 'name' | 'value'>

async function store(name: string, { random }: ValueOptions, wish: Wish): Promise<number> {
  const randomBytes = random === undefined ? undefined : readRandom(random)
  return await withRuna([], async ({ client, signal }) => {
    const gilgul = client(gilgulContract)
    if (randomBytes !== undefined)
      return (await gilgul.setSecret({ name, ...wish, randomBytes }, { signal })).version
    const bytes = canAsk()
      ? await askHidden(`The value of ${name}: `, signal)
      : await readAll(VALUE_BYTES_MAX)
    const value = bytes.toString('base64')
    wipe(bytes)
    if (value === '') throw new RunaError('BAD_INPUT', 'A secret has at least one byte.')
    return (await gilgul.setSecret({ name, ...wish, value }, { signal })).version
  })
}

/** Without --json, the bytes and nothing else. */
export async function getSecret(
  name: string,
  { json, version }: JsonOption & { readonly version?: string },
): Promise<void> {
  const wanted = version === undefined ? {} : { version: wholeNumber('--version', version, 2 ** 31) }
  await withRuna([], async ({ client, signal }) => {
    const secret = await client(gilgulContract).getSecret({ name, ...wanted }, { signal })
    if (json) return print({ name, ...secret }, json, '')
    process.stdout.write(Buffer.from(secret.value, 'base64'))
    // What follows on a terminal is the prompt of the shell.
    if (process.stdout.isTTY) process.stdout.write('\n')
    if (secret.once)
      process.stderr.write(`${name} was given out this one time, and is gone from the vault.\n`)
  })
}

function readRandom(text: string): number {
  const count = wholeNumber('--random', text, RANDOM_BYTES_MAX)
  if (count >= RANDOM_BYTES_MIN) return count
  throw new RunaError('BAD_INPUT', `--random takes at least ${RANDOM_BYTES_MIN} bytes: less can be guessed.`)
}

function readLease(text: string): number {
  const leaseMs = Math.round(readDuration(text) ?? 0)
  if (leaseMs >= 1_000 && leaseMs <= 24 * 3_600_000) return leaseMs
  throw new RunaError(
    'BAD_INPUT',
    `--lease takes a time from 1s to 24h, such as 90s or 10m, and not '${text}'.`,
  )
}
