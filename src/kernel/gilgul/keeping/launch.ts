import { spawn } from 'node:child_process'
import { closeSync } from 'node:fs'
import { join } from 'node:path'
import { wipe } from '#kernel/seal'
import { type Birth, createBirth } from '#kernel/service'
import type { ServiceSpec } from '../spec.ts'
import { logSizeBytes, openLog } from './log-file.ts'

export interface Exit {
  readonly code: number | null
  readonly signal: NodeJS.Signals | null
  /** The system refused to start it at all. */
  readonly error?: Error
}

export interface LaunchedProcess {
  /** Undefined where it could not be started. */
  readonly pid: number | undefined
  /** Where in its log its own words begin. */
  readonly logStart: number
  /** Never rejects. */
  readonly exited: Promise<Exit>
  /** Asks it to end. */
  end(): void
  kill(): void
}

export type Launch = (spec: ServiceSpec) => LaunchedProcess

export interface LauncherOptions {
  readonly logsFolder: string
  /** The open file whose lock says that a process of this world lives; every service inherits it as WORLD_FD. */
  readonly worldFd: number
  /** Everything that a service may see of the environment. Asked at each start, since the port may change. */
  readonly environment: (spec: ServiceSpec) => Readonly<Record<string, string>>
  /** The keys that it is born with. They are wiped once it has them. */
  readonly birth: (spec: ServiceSpec) => Birth
}

/** Where services inherit the file of the world's lock. They do nothing with it but hold it. */
export const WORLD_FD = 3

export function logPath(logsFolder: string, name: string): string {
  return join(logsFolder, `${name}.log`)
}

/**
 * Starts services as processes. Their input is a pipe that only gilgul holds: it ends when gilgul ends, however that
 * happens, and they end with it. Their output is a file, never a pipe, which would end them when gilgul dies.
 */
export function createLauncher({ logsFolder, worldFd, environment, birth }: LauncherOptions): Launch {
  function launch(spec: ServiceSpec): LaunchedProcess {
    const path = logPath(logsFolder, spec.name)
    const logStart = logSizeBytes(path)
    const log = openLog(path)
    let birthFd: number | undefined
    try {
      birthFd = createBirthOf(birth(spec))
      const child = spawn(process.execPath, [...spec.nodeFlags, spec.main], {
        argv0: `runa-${spec.name}`,
        env: { ...environment(spec), ...spec.environment },
        stdio: ['pipe', log, log, worldFd, birthFd],
      })
      // The pipe of a process that has just died: its death is told by `exit`.
      child.stdin?.on('error', () => {})
      const exited = new Promise<Exit>((resolve) => {
        child.once('exit', (code, signal) => resolve({ code, signal }))
        child.once('error', (error) => resolve({ code: null, signal: null, error }))
      })
      return {
        pid: child.pid,
        logStart,
        exited,
        end: () => {
          child.stdin?.end()
          child.kill('SIGTERM')
        },
        kill: () => void child.kill('SIGKILL'),
      }
    } finally {
      for (const fd of [log, birthFd]) if (fd !== undefined) closeSync(fd)
    }
  }

  return (spec) => {
    try {
      return launch(spec)
    } catch (cause) {
      // No descriptor left, no room for a log: a death like any other, to be tried again after a pause.
      const error = cause instanceof Error ? cause : new Error(String(cause))
      const exited = Promise.resolve<Exit>({ code: null, signal: null, error })
      return { pid: undefined, logStart: 0, exited, end: () => {}, kill: () => {} }
    }
  }
}

function createBirthOf(birth: Birth): number {
  try {
    return createBirth(birth)
  } finally {
    wipe(...birth.words.values(), ...(birth.identity ? [birth.identity] : []))
  }
}
