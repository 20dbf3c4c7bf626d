import { spawn } from 'node:child_process'
import { closeSync } from 'node:fs'
import { join } from 'node:path'
import { wipe } from '#kernel/seal'
import { type Birth, createBirth } from '#kernel/service'
import { openLeash, tieLeash } from '#kernel/sys'
import { type Identity, identify, signalTo } from '../identity.ts'
import type { Confining } from '../isolation/confining.ts'
import type { ServiceSpec } from '../spec/spec.ts'
import { logSizeBytes, openLog } from './log-file.ts'

export interface Exit {
  readonly code: number | null
  readonly signal: NodeJS.Signals | null
  /** The system refused to start it at all. */
  readonly error?: Error
}

export interface LaunchedProcess {
  /** Undefined where it could not be started. */
  readonly process: Identity | undefined
  /** Where in its log its own words begin. */
  readonly logStart: number
  /** Never rejects. */
  readonly exited: Promise<Exit>
  /** Asks it to end. */
  end(): void
  kill(): void
}

/** `number`: of this start of the service, which its process carries in its environment. */
export type Launch = (spec: ServiceSpec, number: number) => LaunchedProcess

export interface LauncherOptions {
  readonly logsFolder: string
  /** The open file whose lock says that a process of this world lives; every service inherits it as WORLD_FD. */
  readonly worldFd: number
  /** The pipe that ends once neither the ancestor nor a gilgul is there. */
  readonly lifelineFd: number
  /** Everything that a service may see of the environment. Asked at each start, since the port may change. */
  readonly environment: (spec: ServiceSpec) => Readonly<Record<string, string>>
  /** The keys that it is born with. They are wiped once it has them. */
  readonly birth: (spec: ServiceSpec) => Birth
  readonly confine: Confining['confine']
  /** Where programs of the owner run. */
  readonly home: string
}

/** Where services inherit the file of the world's lock. They do nothing with it but hold it. */
export const WORLD_FD = 3

export function logPath(logsFolder: string, name: string): string {
  return join(logsFolder, `${name}.log`)
}

/**
 * Starts services as processes. Their input is the lifeline, which ends when the ancestor and gilgul both have ended,
 * however that happens, and they end with it. Their output is a file, never a pipe, which would end them when gilgul dies.
 */
export function createLauncher(options: LauncherOptions): Launch {
  const { logsFolder, worldFd, lifelineFd, environment, birth, confine, home } = options

  function launch(spec: ServiceSpec, number: number): LaunchedProcess {
    const path = logPath(logsFolder, spec.name)
    const logStart = logSizeBytes(path)
    const log = openLog(path)
    let fourth: number | undefined
    try {
      const confined = confine(spec, wordsOf(spec))
      const [program, ...words] = confined.words
      // Its keys are for who is on the bus.
      fourth = spec.command === undefined ? createBirthOf(birth(spec)) : openLeash(lifelineFd)
      const child = spawn(program, words, {
        ...(spec.command ? { cwd: home, detached: true } : { argv0: `runa-${spec.name}` }),
        env: {
          ...environment(spec),
          ...spec.environment,
          ...confined.environment,
          RUNA_SERVICE_BIRTH: String(number),
        },
        stdio: [lifelineFd, log, log, worldFd, fourth],
      })
      // It need not know that its input ends.
      if (spec.command !== undefined && child.pid !== undefined) tieLeash(fourth, child.pid, 'SIGTERM')
      const exited = new Promise<Exit>((resolve) => {
        child.once('exit', (code, signal) => resolve({ code, signal }))
        child.once('error', (error) => resolve({ code: null, signal: null, error }))
      })
      return {
        process: child.pid === undefined ? undefined : identify(child.pid),
        logStart,
        exited,
        end: () => void child.kill('SIGTERM'),
        kill: () => void child.kill('SIGKILL'),
      }
    } finally {
      for (const fd of [log, fourth]) if (fd !== undefined) closeSync(fd)
    }
  }

  return (spec, number) => {
    try {
      return launch(spec, number)
    } catch (cause) {
      // No descriptor left, no room for a log: a death like any other, to be tried again after a pause.
      const error = cause instanceof Error ? cause : new Error(String(cause))
      const exited = Promise.resolve<Exit>({ code: null, signal: null, error })
      return { process: undefined, logStart: 0, exited, end: () => {}, kill: () => {} }
    }
  }
}

/** One that an earlier gilgul has started. */
export function adoptProcess(process: Identity, logStart: number, exited: Promise<Exit>): LaunchedProcess {
  return {
    ...{ process, logStart, exited },
    end: () => signalTo(process, 'SIGTERM'),
    kill: () => signalTo(process, 'SIGKILL'),
  }
}

function wordsOf({ command, nodeFlags, main }: ServiceSpec): readonly [string, ...string[]] {
  const [program, ...words] = command ?? [process.execPath, ...nodeFlags, main]
  return [program ?? '', ...words]
}

/** What a program of the owner has started, and left behind. */
export function endGroup({ command }: ServiceSpec, leader: Identity | undefined): void {
  if (command === undefined || leader === undefined) return
  try {
    process.kill(-leader.pid, 'SIGKILL')
  } catch {
    // Nobody of its group is left.
  }
}

function createBirthOf(birth: Birth): number {
  try {
    return createBirth(birth)
  } finally {
    wipe(...birth.words.values(), ...(birth.identity ? [birth.identity] : []))
  }
}
