import { isPaused } from '#kernel/sys'
import type { ServiceStatus } from '#protocol'
import { doubtful, type Finding, well, wrong } from './finding.ts'

/** As gilgul tells them, and as they are seen from here. */
export function checkServices(services: readonly ServiceStatus[]): Finding[] {
  return services.map((service) => checkService(service, services))
}

function checkService(service: ServiceStatus, all: readonly ServiceStatus[]): Finding {
  const { name, state, reason, trouble, pid, restarts } = service
  const subject = `service ${name}`
  if (pid !== null && isPaused(pid)) {
    const advice = `Let it go on: kill -CONT ${pid}`
    return wrong(subject, 'hang', `Somebody has stopped process ${pid} with a signal.`, advice)
  }
  const again = `Start it again: \`runa restart ${name}\``
  if (state === 'failed') return wrong(subject, trouble?.cause ?? 'unknown', reason, again)
  if (state === 'backoff') return wrong(subject, trouble?.cause ?? 'unknown', reason)
  if (state === 'waiting') {
    const isUp = (need: string) =>
      all.some((one) => one.name === need && ['running', 'asleep'].includes(one.state))
    const missing = service.needs.filter((need) => !isUp(need))
    if (missing.length > 0) return wrong(subject, 'dependency-down', `It waits for ${missing.join(' and ')}.`)
  }
  if (state === 'stopped') return doubtful(subject, reason, again)
  if (trouble && restarts > 0) {
    return doubtful(subject, `It runs, and died before (${trouble.cause}). ${trouble.because}`)
  }
  return well(subject, reason)
}
