import { chmodSync, existsSync, mkdirSync } from 'node:fs'
import { dirname } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import type { Launch } from '#kernel/coven'
import type { HomePaths } from '#kernel/home'
import { adoptOrphans } from '#kernel/sys'
import { ERRORS } from '#protocol'
import { clearEstateMemory } from '../estate/memory.ts'
import { isAlive } from '../identity.ts'
import { logPath } from '../keeping/launch.ts'
import { createRestarts, RESTART_DEFAULT, type RestartPolicy } from '../keeping/restarts.ts'
import { readRunState, runFiles, runningSentence } from '../run-state/run-state.ts'
import { type Born, giveBirth } from './birth.ts'
import { closeHoldings, type Holdings, inheritHoldings, takeHoldings } from './holdings.ts'
import { createReaper } from './reaper.ts'
import type { Failure, Report } from './report.ts'

export interface AncestorOptions {
  readonly paths: HomePaths
  /** Replaces the one of runa.yaml; 0 takes any free one. */
  readonly port?: string
  /** Fires when everything is to be stopped. */
  readonly stopping: AbortSignal
  readonly onProgress: (text: string) => void
  /** Called when everything that can run does, and again once the page can be reached where it could not by then. */
  readonly onReady: (ready: Extract<Report, { kind: 'ready' }>) => void
  /**
   * Opens what keeps the secrets, once the home can be written to and nobody else runs there. What it rejects with
   * is passed on. Without it, Runa has no secrets. `isHeir`: services run already, and are not to be lost for what is amiss
   * with the vault.
   */
  readonly openCoven?: (isHeir: boolean) => Promise<AncestorCoven>
  /** The command that makes another ancestor in the place of one that died. */
  readonly heir?: readonly string[]
  /** Of gilgul; tests have their own. */
  readonly gilgulMain?: string
  /** How often it may die; tests have their own. */
  readonly restart?: RestartPolicy
}

/** What the ancestor needs of coven. */
export interface AncestorCoven {
  /** Called for each gilgul. */
  readonly prepareLaunch: () => Launch
  close(): Promise<void>
}

/**
 * Starts gilgul, and starts it again whenever it dies: all that the first process does, so that nothing can end it.
 * What has to outlive a gilgul rests here: the locks, the lifeline of the services, the estate, and how orphans ended.
 * When it ends itself, even by force, gilgul's input ends, and everything stops. Resolves with what kept Runa from
 * running, or undefined once it was stopped.
 */
export async function runAncestor(options: AncestorOptions): Promise<Failure | undefined> {
  const { paths } = options
  const inherited = inheritHoldings()
  const occupant = inherited ? undefined : findOccupant(paths)
  if (occupant) return occupant
  const holdings = inherited ?? openHome(paths)
  if ('code' in holdings) return holdings
  let coven: AncestorCoven | undefined
  try {
    adoptOrphans()
    coven = await options.openCoven?.(inherited !== undefined)
    return await keepGilgul(options, holdings, coven)
  } finally {
    await coven?.close()
    closeHoldings(holdings)
  }
}

/** So many gilguls in a row may die before they were up; the next one makes a new world. */
const FAILED_RISES_MAX = 3

/** One that ran, and that others kill or the system does not start, is at no fault and never given up: between two tries, once there were many. */
const KILLED_PAUSE_MS = 1_000

async function keepGilgul(
  options: AncestorOptions,
  holdings: Holdings,
  coven: AncestorCoven | undefined,
): Promise<Failure | undefined> {
  const { paths, port, heir, stopping, onProgress, onReady, gilgulMain, restart = RESTART_DEFAULT } = options
  const prepareLaunch = coven?.prepareLaunch
  const patience = createRestarts(restart)
  let restarts = 0
  let isReady = false
  let url = ''
  let isUp = false
  let failedRises = 0
  let born: Born | undefined
  const reaper = createReaper(
    (pid) => pid === born?.pid,
    (exit) => born?.tell(exit),
  )

  function hear(report: Report): void {
    if (report.kind === 'progress') onProgress(report.text)
    if (report.kind !== 'ready') return
    if (!isReady || (url === '' && report.url !== '')) onReady(report)
    url = report.url
    isReady = true
    isUp = true
  }

  try {
    for (;;) {
      const bornMs = performance.now()
      isUp = false
      const birth = { paths, port, holdings, heir, restarts, prepareLaunch, hear, exits: reaper.exits }
      born = giveBirth(gilgulMain === undefined ? birth : { ...birth, main: gilgulMain })
      const { stop, ended } = born
      stopping.addEventListener('abort', stop, { once: true })
      if (stopping.aborted) stop()
      const { status, wasKilled, isRefused, failure, isFinal } = await ended
      stopping.removeEventListener('abort', stop)
      if (stopping.aborted || status === 0) return undefined
      const known = failure ?? unexplained(paths, status)
      if (!isReady && isFinal) return known
      const ranMs = wasKilled && isUp ? restart.healthyMs : performance.now() - bornMs
      const patient = patience.pauseAfter({ ranMs: isReady ? ranMs : undefined })
      const isBlameless = wasKilled || isRefused
      const pauseMs = patient ?? (isBlameless && isReady ? KILLED_PAUSE_MS : undefined)
      if (pauseMs === undefined) return known
      if (isUp) failedRises = 0
      else if (!isBlameless) failedRises += 1
      // What it was left may be what it dies of.
      if (failedRises >= FAILED_RISES_MAX) clearEstateMemory(holdings.estate)
      restarts += 1
      onProgress(failure ? `${known.message} Trying again.` : 'gilgul died, and is started again.')
      await sleep(pauseMs, undefined, { signal: stopping }).catch(() => {})
      if (stopping.aborted) return undefined
    }
  } finally {
    reaper.close()
  }
}

/** Said before anybody is asked for a passphrase. gilgul takes the lock, and so has the last word. */
export function findOccupant(paths: HomePaths): Failure | undefined {
  const state = readRunState(runFiles(paths).state)
  if (state === undefined || !isAlive(state.ancestor) || !isAlive(state.gilgul)) return undefined
  const { advice } = ERRORS.RUNNING_ALREADY
  return { code: 'RUNNING_ALREADY', message: runningSentence(state), advice }
}

/** What is held open from now on, or what is in the way. */
function openHome(paths: HomePaths): Holdings | Failure {
  try {
    for (const folder of [paths.home, paths.run, paths.logs]) makeFolder(folder)
    chmodSync(paths.run, 0o700)
    return takeHoldings(runFiles(paths))
  } catch (error) {
    const { code = '', path = paths.home } = error as NodeJS.ErrnoException
    return {
      code: code === 'ENOSPC' ? 'DISK_FULL' : 'SYSTEM_CALL_FAILED',
      message: `Runa cannot write to its folder: ${code} at ${path}.`,
      advice: 'Make room or give yourself the right to write there, or set RUNA_HOME to another folder.',
    }
  }
}

/**
 * Not Node's own `recursive`: that goes on for ever where a folder says ENOENT to whoever makes one in it, as /proc
 * does, and tells a disk that may only be read as one that is not there.
 */
function makeFolder(path: string): void {
  if (existsSync(path)) return
  makeFolder(dirname(path))
  try {
    mkdirSync(path, { mode: 0o700 })
  } catch (error) {
    // Two starts at once: the lock decides between them.
    if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error
  }
}

function unexplained(paths: HomePaths, status: number | null): Failure {
  return {
    code: 'SERVICE_FAILED',
    message: `gilgul, which starts all services, died too often${status === null ? '' : ` (status ${status})`}.`,
    advice: `Look into its log: ${logPath(paths.logs, 'gilgul')}`,
  }
}
