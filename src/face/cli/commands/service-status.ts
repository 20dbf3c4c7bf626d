import { readHistory } from '#kernel/gilgul'
import { homePaths } from '#kernel/home'
import { gilgulContract, RunaError, type ServiceStatus } from '#protocol'
import { withRuna } from '../connection.ts'
import { describeHappening } from '../logs/happenings.ts'
import { formatBytes, formatDuration, print } from '../output.ts'

const HAPPENINGS_SHOWN = 20

/** Shows one service: how it is, why, and what happened to it before. */
export async function serviceStatus(name: string, { json }: { readonly json: boolean }): Promise<void> {
  await withRuna([], async ({ client, signal }) => {
    const { services } = await client(gilgulContract).status({}, { signal })
    const service = services.find((one) => one.name === name)
    if (!service) throw new RunaError('SERVICE_UNKNOWN', `There is no service '${name}'.`)
    const history = (await readHistory(homePaths().logs))
      .filter((happening) => happening.service === name)
      .slice(-HAPPENINGS_SHOWN)
    const { state, reason, pid, restarts, uptimeMs, memoryBytes } = service
    const standing =
      pid === null
        ? []
        : [`process ${pid}`, `ready for ${formatDuration(uptimeMs)}`, formatBytes(memoryBytes)]
    const text = [
      `${name}: ${[state, ...standing, `restarts: ${restarts}`].join(', ')}`,
      reason,
      ...describeTrouble(service.trouble),
      ...(history.length === 0 ? [] : ['', ...history.map(describeHappening)]),
    ]
    print({ service, history }, json, text.join('\n'))
  })
}

function describeTrouble(trouble: ServiceStatus['trouble']): string[] {
  if (trouble === undefined) return []
  const { cause, because, repairs } = trouble
  return ['', `It died the last time of: ${cause}. ${because}`, ...repairs.map((repair) => `- ${repair}`)]
}
