import { type Client, gilgulContract, RunaError } from '#protocol'
import { withRuna } from '../../connection.ts'
import { formatDuration, formatMinute, formatTable, print, wholeNumber } from '../../output.ts'

interface JsonOption {
  readonly json: boolean
}

type Gilgul = Client<typeof gilgulContract>
type Listed = Awaited<ReturnType<Gilgul['listSecrets']>>['secrets'][number]

const ENTRIES_MAX = 200

export async function listSecrets(name: string | undefined, options: JsonOption): Promise<void> {
  if (name === undefined) await listAll(options)
  else await listVersions(name, options)
}

/** Every secret, in the order of names. */
export async function readAllSecrets(gilgul: Gilgul, signal: AbortSignal): Promise<Listed[]> {
  const all: Listed[] = []
  for (;;) {
    const { secrets, isEnd } = await gilgul.listSecrets({ after: all.at(-1)?.name }, { signal })
    all.push(...secrets)
    if (isEnd || secrets.length === 0) return all
  }
}

async function listAll({ json }: JsonOption): Promise<void> {
  await withRuna([], async ({ client, signal }) => {
    const secrets = await readAllSecrets(client(gilgulContract), signal)
    const rows = secrets.map(({ name, version, versions, at, grants, described, owner, once, leaseMs }) => [
      ...[name, String(version), String(versions), formatMinute(at), owner === '' ? 'you' : owner],
      [...grants, ...described.filter((service) => !grants.includes(service))].join(', ') || '-',
      once ? 'once' : owner === '' ? formatDuration(leaseMs) : '-',
    ])
    const head = ['SECRET', 'VERSION', 'KEPT', 'SET', 'BELONGS TO', 'GRANTED TO', 'LEASE']
    const text = formatTable([head, ...rows])
    print({ secrets }, json, secrets.length === 0 ? 'No secrets yet. Set one: `runa secret set NAME`' : text)
  })
}

async function listVersions(name: string, { json }: JsonOption): Promise<void> {
  await withRuna([], async ({ client, signal }) => {
    const { versions } = await client(gilgulContract).listVersions({ name }, { signal })
    const now = Date.now()
    const rows = [...versions].reverse().map(({ version, at }, index) => {
      const age = formatDuration(Math.max(0, now - at))
      return [String(version), formatMinute(at), age, index === 0 ? 'in force' : '']
    })
    print({ name, versions }, json, formatTable([['VERSION', 'SET', 'AGE', ''], ...rows]))
  })
}

export async function listLeases({ json }: JsonOption): Promise<void> {
  await withRuna([], async ({ client, signal }) => {
    const { leases } = await client(gilgulContract).listLeases({}, { signal })
    const rows = leases.map(({ id, service, secret, version, leftMs }) => [
      ...[id, service, secret, String(version)],
      leftMs === null ? 'while it runs' : formatDuration(leftMs),
    ])
    const text = formatTable([['LEASE', 'HELD BY', 'SECRET', 'VERSION', 'FOR ANOTHER'], ...rows])
    print({ leases }, json, leases.length === 0 ? 'Nobody holds a secret now.' : text)
  })
}

export async function auditSecrets({ json, lines }: JsonOption & { readonly lines: string }): Promise<void> {
  const count = wholeNumber('--lines', lines, ENTRIES_MAX)
  if (count === 0) throw new RunaError('BAD_INPUT', '--lines takes at least 1.')
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
