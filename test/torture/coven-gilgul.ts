import { openSync } from 'node:fs'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { createCoven, createDesk, openCoven } from '#kernel/coven'
import { launchAsGilgul } from '../system/coven-launch.ts'
import type { TortureRow } from './row.ts'

const WORKER = fileURLToPath(new URL('../system/coven-worker.js', import.meta.url))
const SERVED_MS_MAX = 15_000

/** Kills one gilgul after the other, each once it was given a secret, of a vault whose passphrase was said once. */
export async function killGilguls(kills: number): Promise<TortureRow> {
  const folder = await mkdtemp(join(tmpdir(), 'runa-torture-gilgul-'))
  const opened = await openCoven({ folder, unlock: { passphrase: Buffer.from('seven quiet herons') } })
  await opened.vault.set('mail', Buffer.from('a secret'))
  await opened.vault.grant('mail', 'tieto', true)
  const desk = createDesk(createCoven(opened))
  const output = openSync('/dev/null', 'w')
  const counts = { served: 0, wedged: 0 }
  try {
    for (let count = 0; count < kills; count += 1) {
      let wasServed: () => void = () => {}
      const served = new Promise<void>((resolve) => {
        wasServed = resolve
      })
      const { child } = await launchAsGilgul([process.execPath, WORKER, 'honest'], output, {
        async answer(request) {
          const answered = await desk(request)
          setImmediate(wasServed)
          return answered
        },
      })
      const timer = setTimeout(() => {
        counts.wedged += 1
        wasServed()
      }, SERVED_MS_MAX)
      await served
      clearTimeout(timer)
      counts.served += 1
      child.kill('SIGKILL')
    }
    // One entry for each that was served.
    const entries = await opened.audit.latest(kills)
    const lost = kills - entries.filter(({ operation }) => operation === 'reveal').length
    return { case: 'gilgul killed, vault under a passphrase', faults: kills, lost, torn: 0, ...counts }
  } finally {
    await opened.close()
    await rm(folder, { recursive: true })
  }
}
