import { type ChildProcess, type StdioOptions, spawn } from 'node:child_process'
import { closeSync } from 'node:fs'
import { createInterface } from 'node:readline'
import { Readable } from 'node:stream'
import { setTimeout as sleep } from 'node:timers/promises'
import { BUS_FD, type Launch, LINK_FD } from '#kernel/coven'
import { type HomePaths, programPath } from '#kernel/home'
import type { RunaError } from '#protocol'
import { logPath } from '../keeping/launch.ts'
import { openLog } from '../keeping/log-file.ts'
import { BIRTH } from './birth-names.ts'
import { HOLDING_FDS, type Holdings } from './holdings.ts'
import type { OrphanExit } from './reaper.ts'
import { type Failure, parseReport, type Report } from './report.ts'
import { type AncestorLine, watchSilence } from './silence.ts'

const GILGUL_MAIN = programPath('kernel/gilgul/main.js')
/** It keeps many others and is in no hurry: a fifth less memory, for no time that could be told from noise. */
const NODE_FLAGS = ['--max-semi-space-size=1', '--expose-gc', '--optimize-for-size', '--v8-pool-size=1']
/** A link that closes is the first sign of a process that ends by itself. One that goes on living is ended. */
const UNLINKED_MS = 2_000

export interface BirthOptions {
  readonly paths: HomePaths
  readonly port: string | undefined
  readonly holdings: Holdings
  readonly restarts: number
  readonly heir: readonly string[] | undefined
  /** How orphans ended so far. */
  readonly exits: readonly OrphanExit[]
  /** Where coven is the ancestor: makes what the process inherits of it, and meets it. */
  readonly prepareLaunch: (() => Launch) | undefined
  readonly hear: (report: Report) => void
  /** Of gilgul; tests have their own. */
  readonly main?: string
}

interface Death {
  /** Null where it was ended by a signal, or for the sake of its link. */
  readonly status: number | null
  /** By somebody else, and by force: which says nothing about itself. */
  readonly wasKilled: boolean
  /** What it said of itself, or what coven said of it. */
  readonly failure: Failure | undefined
  /** The system has nothing left to start it with, which passes. */
  readonly isRefused: boolean
  /** It was known to be in vain at once: another try would end the same way. */
  readonly isFinal: boolean
}

export interface Born {
  /** Undefined where it could not be started. */
  readonly pid: number | undefined
  /** That an orphan has ended. */
  tell(exit: OrphanExit): void
  /** Asks it to end. */
  stop(): void
  /** Resolves at its death. */
  readonly ended: Promise<Death>
}

/** Starts one gilgul. */
export function giveBirth(options: BirthOptions): Born {
  try {
    return bear(options)
  } catch (error) {
    // No descriptor left, no room for a log: a death like any other, so that one that ran is tried again after a pause.
    return { pid: undefined, tell() {}, stop() {}, ended: Promise.resolve(unborn(error as Error)) }
  }
}

function bear(options: BirthOptions): Born {
  const { hear, exits } = options
  const { child, launch } = spawnGilgul(options)
  const say = (line: AncestorLine) => void child.stdin?.write(`${JSON.stringify(line)}\n`)
  let said: Failure | undefined
  let isSilent = false
  child.stdin?.on('error', () => {})
  for (const exit of exits) say({ kind: 'exit', exit })
  const silence = watchSilence(
    () => say({ kind: 'beat' }),
    () => {
      isSilent = true
      child.kill('SIGKILL')
    },
  )
  const lines = createInterface({ input: child.stdout ?? Readable.from([]) })
  lines.on('line', (line) => {
    const report = parseReport(line)
    silence.heard()
    if (report?.kind === 'failed') said = report.failure
    else if (report) hear(report)
  })
  const closed = new Promise<Death>((resolve) => {
    // `close` comes after the last line, `exit` may come before it.
    child.once('close', (status, signal) => {
      const wasKilled = signal === 'SIGKILL' && !isSilent
      resolve({ status, wasKilled, isRefused: false, failure: said, isFinal: said !== undefined })
    })
    child.once('error', (error) => resolve(unborn(error)))
  })
  void closed.then(silence.end)
  return {
    pid: child.pid,
    tell: (exit) => say({ kind: 'exit', exit }),
    stop: () => void child.kill('SIGTERM'),
    ended: launch ? endLinked(child, launch, closed) : closed,
  }
}

function spawnGilgul(options: BirthOptions): { child: ChildProcess; launch: Launch | undefined } {
  const { paths, holdings, prepareLaunch, main = GILGUL_MAIN } = options
  const log = openLog(logPath(paths.logs, 'gilgul'))
  try {
    const launch = prepareLaunch?.()
    const child = spawn(process.execPath, [...NODE_FLAGS, main], {
      argv0: 'runa-gilgul',
      env: environmentOf(options),
      stdio: stdioOf(log, holdings, launch),
    })
    return { child, launch }
  } finally {
    closeSync(log)
  }
}

function stdioOf(log: number, holdings: Holdings, launch: Launch | undefined): StdioOptions {
  const stdio: (number | 'pipe' | 'ignore')[] = ['pipe', 'pipe', log]
  for (const [name, fd] of Object.entries(HOLDING_FDS)) stdio[fd] = holdings[name as keyof Holdings]
  const [link, bus] = launch?.descriptors ?? (['ignore', 'ignore'] as const)
  stdio[LINK_FD] = link
  stdio[BUS_FD] = bus
  return stdio
}

const PASSING = ['EAGAIN', 'EMFILE', 'ENFILE', 'ENOMEM', 'ENOSPC', 'EDQUOT']

function unborn({ message, cause, ...error }: NodeJS.ErrnoException): Death {
  const codes = [error.code, (cause as NodeJS.ErrnoException | undefined)?.code]
  const isRefused = PASSING.some((code) => codes.includes(code))
  const advice = 'Close other programs, and try again.'
  const failure = { code: 'SYSTEM_CALL_FAILED', message: `gilgul could not be started: ${message}.`, advice }
  return { status: null, wasKilled: false, isRefused, failure, isFinal: true }
}

/** A gilgul that has not proven who it is, or whose link is closed, gets no secrets: the next one is to be tried. */
async function endLinked(child: ChildProcess, launch: Launch, closed: Promise<Death>): Promise<Death> {
  const lost = launch.attend(child.pid).then(({ ended }) => ended.then(explainLoss), asFailure)
  const failure = await Promise.race([lost, closed.then(() => undefined)])
  const outlives = sleep(UNLINKED_MS, true, { ref: false })
  if (failure === undefined || !(await Promise.race([outlives, closed.then(() => false)])))
    return await closed
  // By force: asked to end, it would stop every service.
  child.kill('SIGKILL')
  const death = await closed
  return death.isFinal ? death : { ...death, status: null, wasKilled: false, failure }
}

function explainLoss(fault: RunaError | undefined): Failure {
  const message = fault?.message ?? 'gilgul has closed its link to coven.'
  return { code: 'COVEN_LINK_BROKEN', message, advice: 'It is started again by itself.' }
}

function asFailure({ code, message, advice }: RunaError): Failure {
  return { code, message, advice }
}

function environmentOf({ paths, port, restarts, prepareLaunch, heir }: BirthOptions): NodeJS.ProcessEnv {
  const {
    NODE_EXTRA_CA_CERTS: certificates,
    [BIRTH.coven]: _,
    [BIRTH.heir]: __,
    ...environment
  } = process.env
  return {
    ...environment,
    MALLOC_ARENA_MAX: '1',
    [BIRTH.home]: paths.home,
    [BIRTH.held]: '1',
    [BIRTH.restarts]: String(restarts),
    ...(port === undefined ? {} : { [BIRTH.port]: port }),
    ...(prepareLaunch === undefined ? {} : { [BIRTH.coven]: '1' }),
    ...(heir === undefined ? {} : { [BIRTH.heir]: JSON.stringify(heir) }),
    ...(certificates === undefined ? {} : { [BIRTH.certificates]: certificates }),
  }
}
