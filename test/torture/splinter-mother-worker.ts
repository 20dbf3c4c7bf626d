// Brings processes into the world, and kills them: node splinter-mother-worker.js ROLE BUS LEDGER SEED KILLS|LIVES
import { attachBus } from '#kernel/splinter'
import { setParentDeathSignal } from '#kernel/sys'
import { createRandom } from './row.ts'
import { createForks } from './splinter-fork.ts'
import { recordDeath } from './splinter-history.ts'
import { openLedger } from './splinter-ledger.ts'
import { work } from './splinter-roles.ts'

const [, , role = '', busPath = '', ledgerPath = '', seedText = '', mode = 'kills'] = process.argv
/** Long enough to attach and to do each thing many times over. */
const LIFE_MS_MAX = 24
/** Long enough to make some hundred calls that others' calls meet. */
const RECORDED_LIFE_MS_MAX = 150
const START_MS_MAX = 10_000

// Nobody else would end it.
setParentDeathSignal('SIGKILL')
const ledger = openLedger(ledgerPath)
const forks = createForks()
const random = createRandom(Number(seedText))
const pause = new Int32Array(new SharedArrayBuffer(4))
const sleepSync = (ms: number) => void Atomics.wait(pause, 0, 0, ms)

const isRecorded = role === 'record' || role === 'stale'
const lifeMsMax = isRecorded ? RECORDED_LIFE_MS_MAX : LIFE_MS_MAX

function waitUntil(condition: () => boolean, limitMs: number): boolean {
  const endMs = performance.now() + limitMs
  while (!condition()) {
    if (performance.now() > endMs) return false
    sleepSync(0.2)
  }
  return true
}

/** Undefined when the copy was no good: it ended before its first word. */
function bear(life: number): number | undefined {
  const pid = forks.fork(() => work(role, busPath, ledger, life))
  let hasEnded = false
  const isUnderWay = () => {
    hasEnded ||= forks.endOf(pid) !== undefined
    return hasEnded || ledger.hasStarted(life)
  }
  if (!waitUntil(isUnderWay, START_MS_MAX)) ledger.countWedged(life)
  return hasEnded && !ledger.hasStarted(life) ? undefined : pid
}

function liveOnce(life: number): void {
  let pid: number | undefined
  while (pid === undefined) pid = bear(life)
  if (mode === 'kills') sleepSync(random() * lifeMsMax)
  else waitUntil(() => ledger.hasEnded(), Number.POSITIVE_INFINITY)
  // One that ended by itself could not go on.
  const status = forks.endOf(pid)
  if (status === undefined) forks.kill(pid)
  else {
    ledger.countWedged(life)
    process.stderr.write(`${role}-${life} ended by itself, with status ${status}\n`)
  }
  if (isRecorded) recordDeath(busPath, life)
  ledger.markDead(life)
  waitUntil(() => ledger.isChecked(life), Number.POSITIVE_INFINITY)
}

// What it does once before, each of its children has compiled.
const bus = attachBus(busPath, { name: 'mother' })
for (let round = 0; round < 200; round += 1) bus.store.list('nothing')
bus.close()
await new Promise((resolve) => setImmediate(resolve))
for (let life = ledger.begin(); life !== undefined; life = ledger.begin()) liveOnce(life)
