import { gilgulContract, PERSON, RunaError } from '#protocol'
import { withRuna } from '../../connection.ts'
import { print, wholeNumber } from '../../output.ts'

interface JsonOption {
  readonly json: boolean
}

interface RevokeOptions extends JsonOption {
  readonly version?: string
  readonly lease?: string
}

export async function grantSecret(name: string, to: string, { json }: JsonOption): Promise<void> {
  await withRuna([], async ({ client, signal }) => {
    const gilgul = client(gilgulContract)
    await gilgul.grantSecret({ name, to, granted: true }, { signal })
    const { services } = await gilgul.status({}, { signal })
    const isThere = to === PERSON || services.some((service) => service.name === to)
    // It may be described later. More often, the name is misspelt.
    const remark = isThere
      ? ''
      : ` But there is no service named ${to}: \`runa status\` lists those there are.`
    print({ name, to, granted: true }, json, `${to} may have ${name} from now on.${remark}`)
  })
}

/** A grant, a version, or a lease: exactly one of them. */
export async function revokeSecret(
  name: string | undefined,
  service: string | undefined,
  { version, lease, json }: RevokeOptions,
): Promise<void> {
  const isOne = [service, version, lease].filter((given) => given !== undefined).length === 1
  if (isOne && lease !== undefined && name === undefined) return await endLease(lease, json)
  if (isOne && name !== undefined && version !== undefined)
    return await revokeVersion(name, wholeNumber('--version', version, 2 ** 31), json)
  if (isOne && name !== undefined && service !== undefined) return await takeGrant(name, service, json)
  throw new RunaError(
    'BAD_INPUT',
    'revoke takes a secret and a service, a secret and --version, or --lease alone.',
  )
}

async function takeGrant(name: string, to: string, json: boolean): Promise<void> {
  await withRuna([], async ({ client, signal }) => {
    await client(gilgulContract).grantSecret({ name, to, granted: false }, { signal })
    const text = `${to} is not given ${name} any more, and was told to forget what it holds.`
    print({ name, to, granted: false }, json, text)
  })
}

async function revokeVersion(name: string, version: number, json: boolean): Promise<void> {
  await withRuna([], async ({ client, signal }) => {
    const gilgul = client(gilgulContract)
    await gilgul.removeVersion({ name, version }, { signal })
    const { versions } = await gilgul.listVersions({ name }, { signal })
    const inForce = versions.at(-1)?.version ?? 0
    const text = `Version ${version} of ${name} is gone. In force is version ${inForce}.`
    print({ name, removed: version, inForce }, json, text)
  })
}

async function endLease(lease: string, json: boolean): Promise<void> {
  await withRuna([], async ({ client, signal }) => {
    const { service, secret } = await client(gilgulContract).endLease({ lease }, { signal })
    const text = `${service} was told to forget ${secret}. It may ask again, unless you revoke its grant as well.`
    print({ lease, service, secret }, json, text)
  })
}

export async function removeSecret(name: string, { json }: JsonOption): Promise<void> {
  await withRuna([], async ({ client, signal }) => {
    await client(gilgulContract).removeSecret({ name }, { signal })
    print({ removed: name }, json, `Removed ${name}, in all its versions.`)
  })
}
