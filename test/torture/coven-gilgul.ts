import { setTimeout as sleep } from 'node:timers/promises'
import { gilgulContract } from '#protocol'
import { createTestRuna, kill, type TestRuna } from '../system/test-runa.ts'
import type { TortureRow } from './row.ts'
import { overBus } from './running.ts'

const SERVED_MS_MAX = 45_000
const SECRET = Buffer.from('a secret of a whole Runa').toString('base64')

/**
 * Kills one gilgul of a whole Runa after the other. The vault is under a passphrase, which was said once, and there is
 * nobody to say it again: each time the next gilgul has to give out the secret, and no service is started anew.
 */
export async function killGilguls(kills: number): Promise<TortureRow> {
  const runa = createTestRuna()
  const counts = { served: 0, wedged: 0, lost: 0 }
  try {
    const { status, stderr } = await runa.runaWith(
      'seven quiet herons\n',
      ...['up', '--detach', '--passphrase-stdin'],
    )
    if (status !== 0) throw new Error(stderr)
    await overBus(runa, (clientOf) => clientOf(gilgulContract).setSecret({ name: 'mail', value: SECRET }))
    const { services: before } = runa.state()
    for (let count = 0; count < kills; count += 1) {
      const given = await killOneGilgul(runa)
      if (given === undefined) counts.wedged += 1
      else if (given === SECRET) counts.served += 1
      else counts.lost += 1
    }
    const { services: after } = runa.state()
    const isSame = (name: string) => after[name]?.process?.pid === before[name]?.process?.pid
    const startedAnew = Object.keys(before).filter((name) => !isSame(name)).length
    return { case: 'gilgul killed, vault under a passphrase', faults: kills, torn: 0, ...counts, startedAnew }
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
