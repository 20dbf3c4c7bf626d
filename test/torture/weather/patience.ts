import { setTimeout as sleep } from 'node:timers/promises'
import type { ServiceStatus } from '#protocol'
import type { TestRuna } from '../../system/test-runa.ts'

/** What has not come by then does not come. */
const PATIENCE_MS = 60_000

/** Milliseconds until it was so; undefined where it never became so. */
export async function timeUntil(
  isSo: () => boolean | Promise<boolean>,
  withinMs = PATIENCE_MS,
): Promise<number | undefined> {
  const startedMs = performance.now()
  const look = async () => await isSo()
  while (!(await look().catch(() => false))) {
    if (performance.now() - startedMs > withinMs) return undefined
    await sleep(100)
  }
  return Math.round(performance.now() - startedMs)
}

export async function servicesOf(runa: TestRuna): Promise<readonly ServiceStatus[]> {
  return ((await runa.ask('status')) as unknown as { services: ServiceStatus[] }).services
}

/** Everything runs, and a question is answered. */
export async function isWell(runa: TestRuna): Promise<boolean> {
  const services = await servicesOf(runa)
  if (!services.every(({ state }) => state === 'running')) return false
  return (await runa.runa('ask', 'How do I add a model?')).status === 0
}
