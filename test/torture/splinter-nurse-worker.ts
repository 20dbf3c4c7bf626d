// As splinter-mother-worker.js, for those who need an event loop: a process each, which costs more, so fewer of them.
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { setTimeout as sleep } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import { setParentDeathSignal } from '#kernel/sys'
import { createRandom } from './row.ts'
import { openLedger } from './splinter-ledger.ts'

const [, , role = '', busPath = '', ledgerPath = '', seedText = '', mode = 'kills'] = process.argv
const WORKER = fileURLToPath(new URL('splinter-event-worker.js', import.meta.url))
const LIFE_MS_MAX = 60

setParentDeathSignal('SIGKILL')
const ledger = openLedger(ledgerPath)
const random = createRandom(Number(seedText))

for (let life = ledger.begin(); life !== undefined; life = ledger.begin()) await liveOnce(life)

async function liveOnce(life: number): Promise<void> {
  const program = [WORKER, role, busPath, ledgerPath, String(life)]
  const worker = spawn(process.execPath, program, { stdio: ['ignore', 'ignore', 'inherit'] })
  const exit = once(worker, 'exit')
  while (!ledger.hasStarted(life) && worker.exitCode === null) await sleep(1)
  if (mode === 'kills') await sleep(random() * LIFE_MS_MAX)
  else while (!ledger.hasEnded()) await sleep(1)
  // One that ended by itself could not go on.
  if (worker.exitCode !== null) ledger.countWedged(life)
  worker.kill('SIGKILL')
  await exit
  ledger.markDead(life)
  while (!ledger.isChecked(life)) await sleep(1)
}
