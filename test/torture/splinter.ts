import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import { attachBus, createBus } from '#kernel/splinter'
import type { TortureOptions, TortureRow } from './row.ts'
import {
  type Check,
  type Counts,
  checkAppend,
  checkAttach,
  checkConsume,
  checkCount,
  checkExchange,
  checkHistories,
  checkInsert,
  checkPublish,
  checkSet,
  checkSweep,
  countRoom,
  type Storm,
  survive,
} from './splinter-checks.ts'
import { openHandled } from './splinter-handled.ts'
import { createHistoryFile, RECORDED_LIVES_MAX } from './splinter-history.ts'
import { createLedgerFile, LIVES_MAX, openLedger } from './splinter-ledger.ts'
import { checkGroup, checkSnapshot } from './splinter-slow-checks.ts'

const MOTHER = fileURLToPath(new URL('splinter-mother-worker.js', import.meta.url))
const NURSE = fileURLToPath(new URL('splinter-nurse-worker.js', import.meta.url))
/** Of those that each need a whole process, one in so many. */
const WHOLE_PROCESSES_IN = 10
const SLOTS = 64
/** A control without kills lasts so long, with as many processes. */
const CONTROL_MS = 1_500
const WEDGED_MS = 20_000

interface Plan {
  readonly name: string
  readonly role: string
  readonly check: (storm: Storm) => Check
  /** At once, beside the survivor. */
  readonly mothers: number
  readonly kills: number
  /** Needs an event loop, so that a copy of a process will not do. */
  readonly isWhole?: boolean
}

/** Of each thing that a process may be killed in: who does it, who looks after it, and with how many at once. */
const THINGS: readonly Omit<Plan, 'kills'>[] = [
  { name: 'set', role: 'set', check: checkSet, mothers: 3 },
  { name: 'insert and delete', role: 'insert', check: checkInsert, mothers: 7 },
  { name: 'append', role: 'append', check: checkAppend, mothers: 3 },
  { name: 'exchange by version', role: 'exchange', check: checkExchange, mothers: 4 },
  { name: 'let keys end, and sweep', role: 'sweep', check: checkSweep, mothers: 3 },
  { name: 'consume, lossless', role: 'consume', check: checkConsume, mothers: 5 },
  { name: 'add to a number', role: 'count', check: checkCount, mothers: 2 },
  { name: 'publish, lossless', role: 'publish', check: checkPublish, mothers: 4 },
  { name: 'attach and leave', role: 'attach', check: checkAttach, mothers: 5 },
]
const WHOLE: readonly Omit<Plan, 'kills'>[] = [
  { name: 'consume in a group', role: 'group', check: checkGroup, mothers: 3, isWhole: true },
  { name: 'take a snapshot', role: 'snapshot', check: checkSnapshot, mothers: 2, isWhole: true },
]
const HISTORIES = { name: 'recorded histories', role: 'record', check: checkHistories, mothers: 4 }
const PLANTED_STALE = { name: 'planted: stale reads', role: 'stale', check: checkHistories, mothers: 3 }
const PLANTED = { name: 'planted: acknowledged too early', role: 'hasty', check: checkSet, mothers: 1 }

/** Kills processes in each thing at random moments, and looks after each death at what it had acknowledged. */
export async function tortureSplinter({ faults, random }: TortureOptions): Promise<TortureRow[]> {
  const share = Math.max(1, Math.ceil(faults / THINGS.length))
  const rows: TortureRow[] = []
  for (const thing of THINGS) rows.push(await runBoth({ ...thing, kills: share }, random))
  const wholeKills = Math.max(1, Math.ceil(share / WHOLE_PROCESSES_IN))
  for (const thing of WHOLE) rows.push(await runBoth({ ...thing, kills: wholeKills }, random))
  const recorded = Math.min(share, RECORDED_LIVES_MAX)
  rows.push(await runStorm({ ...HISTORIES, kills: recorded }, random, 'kills'))
  const stale = await runStorm({ ...PLANTED_STALE, kills: 10 }, random, 'kills')
  rows.push({ ...stale, found: stale['unexplained'] !== 0 })
  const planted = await runStorm({ ...PLANTED, kills: Math.min(20, Math.max(5, share)) }, random, 'kills')
  rows.push({ ...planted, found: planted.lost > 0 })
  return rows
}

/** The storm, and beside its longest stall that of a control without kills. */
async function runBoth(plan: Plan, random: () => number): Promise<TortureRow> {
  const control = await runStorm(plan, random, 'lives')
  const row = await runStorm(plan, random, 'kills')
  return { ...row, controlStallMsMax: control['stallMsMax'] ?? 0 }
}

async function runStorm(plan: Plan, random: () => number, mode: 'kills' | 'lives'): Promise<TortureRow> {
  const folder = mkdtempSync('/dev/shm/runa-torture-')
  const [path, ledgerPath] = [join(folder, 'bus'), join(folder, 'ledger')]
  createBus({ path, sizeBytes: 4 * 2 ** 20, inboxBytes: 32_768, slotsMax: SLOTS, membersMax: 16 })
  createLedgerFile(ledgerPath)
  createHistoryFile(path)
  openHandled(path, true)
  const counts: Counts = { lost: 0, torn: 0, wedged: 0, leaked: 0 }
  const bus = attachBus(path, { name: 'survivor' })
  const ledger = openLedger(ledgerPath)
  const room = countRoom(bus)
  const storm: Storm = { bus, path, ledger, counts }
  ledger.allow(mode === 'kills' ? Math.min(plan.kills, LIVES_MAX) : plan.mothers)
  const mothers = Array.from({ length: plan.mothers }, () => {
    const seed = String(Math.floor(random() * 2 ** 31))
    // Threads of V8 would not be there in the children, and at work in the middle of being copied.
    const program = [
      ...(plan.isWhole ? [NURSE] : ['--single-threaded', MOTHER]),
      plan.role,
      path,
      ledgerPath,
      seed,
      mode,
    ]
    return spawn(process.execPath, program, { stdio: ['ignore', 'ignore', 'inherit'] })
  })
  const check = plan.check(storm)
  try {
    const stallMs = await watch(storm, check, mothers, mode)
    await Promise.all(mothers.map((mother) => (isOver(mother) ? undefined : once(mother, 'exit'))))
    for (let life = 0; life < ledger.begun(); life += 1) {
      counts.torn += ledger.torn(life)
      counts.wedged += ledger.wedged(life)
    }
    counts.leaked += Math.abs(room - countRoom(bus))
    const processes = plan.mothers + 1
    return { case: plan.name, faults: ledger.begun(), processes, ...counts, stallMsMax: stallMs }
  } finally {
    for (const mother of mothers) mother.kill('SIGKILL')
    check.close?.()
    bus.close()
    rmSync(folder, { recursive: true, force: true })
  }
}

const isOver = ({ exitCode, signalCode }: ChildProcess) => exitCode !== null || signalCode !== null

/** Goes on with its own work, and looks after each death, until all are dead. Returns the longest stall. */
async function watch(
  { ledger, counts }: Storm,
  check: Check,
  mothers: readonly ChildProcess[],
  mode: 'kills' | 'lives',
): Promise<number> {
  const startedMs = performance.now()
  let stallMs = 0
  let checked = 0
  let progressMs = startedMs
  const waiting = new Set<number>()
  while (!mothers.every(isOver)) {
    if (mode === 'lives' && performance.now() - startedMs > CONTROL_MS) ledger.end()
    for (; checked < ledger.begun(); checked += 1) waiting.add(checked)
    for (const life of waiting) {
      if (!ledger.isDead(life)) continue
      stallMs = Math.max(stallMs, ledger.stallMicros(life) / 1_000)
      if (mode === 'kills') await check.afterDeath?.(life)
      ledger.markChecked(life)
      waiting.delete(life)
      progressMs = performance.now()
    }
    const beganMs = performance.now()
    survive(counts, () => check.goOn?.())
    stallMs = Math.max(stallMs, performance.now() - beganMs)
    if (performance.now() - progressMs > WEDGED_MS) {
      counts.wedged += 1
      break
    }
    await sleep(1)
  }
  if (mode === 'kills') await check.atEnd?.()
  return Math.round(stallMs * 100) / 100
}
