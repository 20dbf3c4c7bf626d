import { setTimeout as sleep } from 'node:timers/promises'
import { gilgulContract } from '#protocol'
import { createTestRuna, kill, type TestRuna } from '../system/test-runa.ts'
import type { TortureRow } from './row.ts'
import { overBus } from './running.ts'

const SERVED_MS_MAX = 45_000
/** So many deaths a minute the ancestor bears; with one more, it gives gilgul up. */
const DEATHS_MAX = 9
const MINUTE_MS = 61_000
const SECRET = Buffer.from('a secret of a whole Runa').toString('base64')

/**
 * Kills one gilgul of a whole Runa after the other. The vault is under a passphrase, which was said once, and there is
 * nobody to say it again: each time the next gilgul has to give out the secret.
 */
export async function killGilguls(kills: number): Promise<TortureRow> {
  const runa = createTestRuna()
  const counts = { served: 0, wedged: 0, lost: 0 }
  const deaths: number[] = []
  try {
    const { status, stderr } = await runa.runaWith(
      'seven quiet herons\n',
      ...['up', '--detach', '--passphrase-stdin'],
    )
    if (status !== 0) throw new Error(stderr)
    await overBus(runa, (clientOf) => clientOf(gilgulContract).setSecret({ name: 'mail', value: SECRET }))
    for (let count = 0; count < kills; count += 1) {
      const oldest = deaths.at(-DEATHS_MAX)
      if (oldest !== undefined) await sleep(Math.max(0, oldest + MINUTE_MS - performance.now()))
      deaths.push(performance.now())
      const given = await killOneGilgul(runa)
      if (given === undefined) counts.wedged += 1
      else if (given === SECRET) counts.served += 1
      else counts.lost += 1
    }
    return { case: 'gilgul killed, vault under a passphrase', faults: kills, torn: 0, ...counts }
  } finally {
    await runa.runa('down')
    await runa.remove()
  }
}

/** What the next one gives out; undefined where it gives nothing within the time. */
async function killOneGilgul(runa: TestRuna): Promise<string | undefined> {
  const { pid } = runa.state().gilgul
  kill(pid)
  const deadlineMs = performance.now() + SERVED_MS_MAX
  while (performance.now() < deadlineMs) {
    const given = await askNext(runa, pid).catch(() => undefined)
    if (given !== undefined) return given
    await sleep(20)
  }
  return undefined
}

async function askNext(runa: TestRuna, before: number): Promise<string | undefined> {
  if (runa.state().gilgul.pid === before) return undefined
  return await overBus(runa, async (clientOf) => {
    const { value } = await clientOf(gilgulContract).getSecret({ name: 'mail' }, { timeoutMs: 2_000 })
    return value
  })
}
