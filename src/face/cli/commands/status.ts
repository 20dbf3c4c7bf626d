import { quoteArgument } from '#kernel/home'
import { gilgulContract, type ServiceStatus, threadwellContract } from '#protocol'
import { withRuna } from '../connection.ts'
import { formatBytes, formatDuration, formatTable, print } from '../output.ts'

const NOT_SEALED =
  'WARNING: the bus is not sealed (bus.sealed in runa.yaml). Every program of yours can read what is said.\n'

export async function status({ json }: { readonly json: boolean }): Promise<void> {
  await withRuna([], async ({ client, signal }) => {
    const { services, startedAt, busSealed } = await client(gilgulContract).status({}, { signal })
    const page = services.find(({ name }) => name === threadwellContract.name)
    const address =
      page?.state === 'running'
        ? await client(threadwellContract)
            .address({}, { signal })
            .catch(() => undefined)
        : undefined
    const { url = '', loginUrl = '' } = address ?? {}
    const warning = busSealed ? [] : [NOT_SEALED]
    print(
      { services, startedAt, busSealed, url, loginUrl },
      json,
      [...warning, describe(services, loginUrl)].join('\n'),
    )
  })
}

function describe(services: readonly ServiceStatus[], loginUrl: string): string {
  const rows = services.map(({ name, state, pid, restarts, uptimeMs, memoryBytes }) => [
    name,
    state,
    pid === null ? '-' : String(pid),
    String(restarts),
    formatDuration(uptimeMs),
    formatBytes(memoryBytes),
  ])
  const total = services.reduce((sum, { memoryBytes }) => sum + memoryBytes, 0)
  const troubled = services.filter(({ state }) => state !== 'running')
  return [
    formatTable([['SERVICE', 'STATE', 'PID', 'RESTARTS', 'SINCE', 'MEMORY'], ...rows]),
    '',
    ...troubled.map(describeTrouble),
    ...services.flatMap(describeReplacement),
    `Memory in all: ${formatBytes(total)}`,
    loginUrl === '' ? 'The page cannot be reached at the moment.' : `The page: ${loginUrl}`,
  ].join('\n')
}

function describeReplacement({ name, replacedBy }: ServiceStatus): string[] {
  if (replacedBy === undefined) return []
  return [`${name} is replaced, as runa.yaml says, by: ${replacedBy.map(quoteArgument).join(' ')}`]
}

function describeTrouble({ name, state, reason }: ServiceStatus): string {
  const mend = state === 'failed' ? ` Start it again: \`runa restart ${name}\`` : ''
  return `${name}: ${reason} Its log: \`runa logs ${name}\`${mend}`
}
