import { type ChildProcess, spawn } from 'node:child_process'
import { chmodSync, closeSync, existsSync, mkdirSync, openSync } from 'node:fs'
import { dirname } from 'node:path'
import { createInterface } from 'node:readline'
import { setTimeout as sleep } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import type { HomePaths } from '#kernel/home'
import { logPath } from './launch.ts'
import { openLog } from './log-file.ts'
import { type Failure, parseReport, type Report } from './report.ts'
import { createRestarts, RESTART_DEFAULT } from './restarts.ts'
import { runFiles } from './run-state.ts'

export interface AncestorOptions {
  readonly paths: HomePaths
  /** Replaces the one of runa.yaml; 0 takes any free one. */
  readonly port?: string
  /** Fires when everything is to be stopped. */
  readonly stopping: AbortSignal
  readonly onProgress: (text: string) => void
  /** Called once, when the page can be reached for the first time. */
  readonly onReady: (ready: Extract<Report, { kind: 'ready' }>) => void
  /** Of gilgul; tests have their own. */
  readonly gilgulMain?: string
}

/** What a gilgul learns at its birth, beside the environment of a service. */
export const BIRTH = {
  lockFd: 'RUNA_LOCK_FD',
  restarts: 'RUNA_RESTARTS',
  home: 'RUNA_HOME',
  port: 'RUNA_PORT',
  /** NODE_EXTRA_CA_CERTS under a name that Node does not know: reading them costs each process 30 ms. */
  certificates: 'RUNA_EXTRA_CA_CERTS',
} as const

const LOCK_FD = 3
const GILGUL_MAIN = fileURLToPath(new URL('main.js', import.meta.url))

interface Birth {
  readonly child: ChildProcess
  /** Resolves at its death. */
  readonly ended: Promise<{ readonly status: number | null; readonly failure: Failure | undefined }>
}

/**
 * Starts gilgul, and starts it again whenever it dies: all that the first process does, so that nothing can end it.
 * It holds the lock of the home open, so that the lock outlives each gilgul. When it ends itself, even by force,
 * gilgul's input ends, and everything stops. Resolves with what kept Runa from running, or undefined once it was
 * stopped.
 */
export async function runAncestor(options: AncestorOptions): Promise<Failure | undefined> {
  const { paths, stopping, onProgress, onReady } = options
  const lock = openHome(paths)
  if (typeof lock !== 'number') return lock
  const patience = createRestarts(RESTART_DEFAULT)
  let restarts = 0
  let isReady = false

  function hear(report: Report): void {
    if (report.kind === 'progress') onProgress(report.text)
    if (report.kind !== 'ready') return
    if (!isReady) onReady(report)
    isReady = true
  }

  try {
    for (;;) {
      const bornMs = performance.now()
      const { child, ended } = giveBirth(options, lock, restarts, hear)
      const stop = () => child.kill('SIGTERM')
      stopping.addEventListener('abort', stop, { once: true })
      if (stopping.aborted) stop()
      const { status, failure } = await ended
      stopping.removeEventListener('abort', stop)
      if (stopping.aborted || status === 0) return undefined
      const known = failure ?? unexplained(paths, status)
      if (!isReady && failure) return failure
      const pauseMs = patience.pauseAfter({ ranMs: isReady ? performance.now() - bornMs : undefined })
      if (pauseMs === undefined) return known
      restarts += 1
      onProgress(failure ? `${known.message} Trying again.` : 'gilgul died, and is started again.')
      await sleep(pauseMs, undefined, { signal: stopping }).catch(() => {})
      if (stopping.aborted) return undefined
    }
  } finally {
    closeSync(lock)
  }
}

/** The open lock file, or what is in the way. */
function openHome(paths: HomePaths): number | Failure {
  try {
    for (const folder of [paths.home, paths.run, paths.logs]) makeFolder(folder)
    chmodSync(paths.run, 0o700)
    return openSync(runFiles(paths).lock, 'a+', 0o600)
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

function giveBirth(
  { paths, port, gilgulMain = GILGUL_MAIN }: AncestorOptions,
  lock: number,
  restarts: number,
  hear: (report: Report) => void,
): Birth {
  const log = openLog(logPath(paths.logs, 'gilgul'))
  const { NODE_EXTRA_CA_CERTS: certificates, ...environment } = process.env
  const env = {
    ...environment,
    [BIRTH.home]: paths.home,
    [BIRTH.lockFd]: String(LOCK_FD),
    [BIRTH.restarts]: String(restarts),
    ...(port === undefined ? {} : { [BIRTH.port]: port }),
    ...(certificates === undefined ? {} : { [BIRTH.certificates]: certificates }),
  }
  const child = spawn(process.execPath, ['--max-semi-space-size=1', gilgulMain], {
    argv0: 'runa-gilgul',
    env,
    stdio: ['pipe', 'pipe', log, lock],
  })
  closeSync(log)
  let failure: Failure | undefined
  child.stdin?.on('error', () => {})
  const lines = createInterface({ input: child.stdout as NodeJS.ReadableStream })
  lines.on('line', (line) => {
    const report = parseReport(line)
    if (report?.kind === 'failed') failure = report.failure
    else if (report) hear(report)
  })
  const ended = new Promise<Awaited<Birth['ended']>>((resolve) => {
    // `close` comes after the last line, `exit` may come before it.
    child.once('close', (status) => resolve({ status, failure }))
    child.once('error', (error) => {
      const advice = 'Close other programs, and try again.'
      const message = `gilgul could not be started: ${error.message}.`
      resolve({ status: null, failure: { code: 'SYSTEM_CALL_FAILED', message, advice } })
    })
  })
  return { child, ended }
}

function unexplained(paths: HomePaths, status: number | null): Failure {
  return {
    code: 'SERVICE_FAILED',
    message: `gilgul, which starts all services, died too often${status === null ? '' : ` (status ${status})`}.`,
    advice: `Look into its log: ${logPath(paths.logs, 'gilgul')}`,
  }
}
