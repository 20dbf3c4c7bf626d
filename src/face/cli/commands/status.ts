import { quoteArgument } from '#kernel/home'
import {
  type CovenState,
  gilgulContract,
  type SecretMemoryState,
  type ServiceStatus,
  threadwellContract,
} from '#protocol'
import { withRuna } from '../connection.ts'
import { formatBytes, formatDuration, formatTable, print } from '../output.ts'

const NOT_SEALED =
  'WARNING: the bus is not sealed (bus.sealed in runa.yaml). Every program of yours can read what is said.\n'

const ABOUT_COVEN: Readonly<Record<CovenState, string>> = {
  linked: '',
  sealed:
    'The vault is sealed: no secret is given out, and services that need one wait. Open it: `runa secret unseal`\n',
  lost: 'gilgul has no link to coven: no secrets are given out. It is about to be started again, unless coven.onDeath says otherwise.',
  absent: [
    'Runa runs without coven: it has no secrets, shows no boards, keeps nothing of what is said, and lets no other program in.',
    'Start it with coven: `runa down`, then `runa up`\n',
  ].join('\n'),
}

export async function status({
  json,
  long,
}: {
  readonly json: boolean
  readonly long: boolean
}): Promise<void> {
  await withRuna([], async ({ client, signal }) => {
    const standing = await client(gilgulContract).status({}, { signal })
    const { services, startedAt, busSealed, coven, secretMemory, fault } = standing
    const page = services.find(({ name }) => name === threadwellContract.name)
    const address =
      page?.state === 'running'
        ? await client(threadwellContract)
            .address({}, { signal })
            .catch(() => undefined)
        : undefined
    const { url = '', loginUrl = '' } = address ?? {}
    const warnings = [
      ...[busSealed ? '' : NOT_SEALED, ABOUT_COVEN[coven], aboutFault(fault)],
      describeSecretMemory(secretMemory, long),
    ].filter((text) => text !== '')
    print(
      { services, startedAt, busSealed, coven, secretMemory, fault, url, loginUrl },
      json,
      [...warnings, describe(services, loginUrl, long)].join('\n'),
    )
  })
}

function aboutFault(fault: string | undefined): string {
  return fault === undefined ? '' : `WARNING: what was changed in files is not in force. ${fault}\n`
}

const ABOUT_GUARDS: Readonly<Record<SecretMemoryState['guard'], string>> = {
  secret: 'Secrets rest in memory that no other process can read, and that never reaches a disk.',
  locked:
    'Secrets rest in memory that is never swapped nor dumped; this kernel has none that nobody else can read.',
  open: 'WARNING: secrets may be swapped to a disk: this account may lock no more memory (`ulimit -l`).',
}

/** What is as it should be is said to who asks for more. */
function describeSecretMemory(memory: SecretMemoryState | undefined, long: boolean): string {
  if (memory === undefined || (memory.guard !== 'open' && !long)) return ''
  const { guard, unguarded } = memory
  return `${ABOUT_GUARDS[guard]}${unguarded === 0 ? '' : ` ${unguarded} had no room there.`}\n`
}

function describe(services: readonly ServiceStatus[], loginUrl: string, long: boolean): string {
  const rows = services.map(({ name, state, pid, restarts, uptimeMs, memoryBytes }) => [
    name,
    state,
    pid === null ? '-' : String(pid),
    String(restarts),
    formatDuration(uptimeMs),
    formatBytes(memoryBytes),
  ])
  const total = services.reduce((sum, { memoryBytes }) => sum + memoryBytes, 0)
  const troubled = services.filter(({ state }) => state !== 'running' && state !== 'asleep')
  const remarks = [
    ...troubled.map(describeTrouble),
    ...services.flatMap(describeReplacement),
    ...services.flatMap((service) => describeConfinement(service, long)),
  ]
  return [
    formatTable([['SERVICE', 'STATE', 'PID', 'RESTARTS', 'SINCE', 'MEMORY'], ...rows]),
    '',
    ...(remarks.length === 0 ? [] : [...remarks, '']),
    `Memory in all: ${formatBytes(total)}`,
    loginUrl === '' ? 'The page cannot be reached at the moment.' : `The page: ${loginUrl}`,
  ].join('\n')
}

function describeReplacement({ name, replacedBy }: ServiceStatus): string[] {
  if (replacedBy === undefined) return []
  return [`${name} is replaced, as runa.yaml says, by: ${replacedBy.map(quoteArgument).join(' ')}`]
}

/** What is missing is said to everybody, and what is in force to who asks. */
function describeConfinement({ name, confinement }: ServiceStatus, long: boolean): string[] {
  if (confinement === undefined) return long ? [`${name}: is not kept apart, and has no limits.`] : []
  const { isolation, isDefault, inForce, missing, limits } = confinement
  const kept = inForce.length === 0 ? 'nothing is in force' : inForce.join(', ')
  const bounds = limits.map(({ what, limit, by }) => `${LIMIT_WORDS[what](limit)} (${by})`)
  const lines = [
    ...(isolation === 'none' ? [] : [`${name}: kept apart by ${isolation}: ${kept}.`]),
    ...(bounds.length === 0 ? [] : [`${name}: at most ${bounds.join(', ')}.`]),
  ]
  // What nobody has asked for is missed by nobody, and `runa doctor` says how to get it.
  const lacking =
    isDefault && !long
      ? []
      : missing.map((one) => `${name} is not kept ${isDefault ? 'apart' : 'as was asked for'}: ${one}.`)
  return [...(long ? lines : []), ...lacking]
}

const LIMIT_WORDS = {
  memoryBytes: (limit: number) => `${formatBytes(limit)} of memory`,
  tasks: (limit: number) => `${limit} processes and threads`,
  processors: (limit: number) => `${limit} processors`,
} as const

function describeTrouble({ name, state, reason }: ServiceStatus): string {
  const mend = state === 'failed' ? ` Start it again: \`runa restart ${name}\`` : ''
  return `${name}: ${reason} Its log: \`runa logs ${name}\`${mend}`
}
