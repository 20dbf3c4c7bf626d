import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { text } from 'node:stream/consumers'
import { fileURLToPath } from 'node:url'
import { isAlive, type RunState, readRunState, runFiles } from '#kernel/gilgul'
import { homeDigest, homePaths, packageFolder } from '#kernel/home'
import { processStartTicks } from '#kernel/sys'
import type { ServiceStatus } from '#protocol'

const MAIN = fileURLToPath(new URL('../../src/face/cli/main.js', import.meta.url))

interface Ended {
  readonly status: number | null
  readonly stdout: string
  readonly stderr: string
}

/** A Runa of its own for a test: a temporary home, any free port. */
export interface TestRuna {
  readonly home: string
  /** What a program started by the test gets as its environment. */
  readonly environment: NodeJS.ProcessEnv
  /** Runs `runa` with these words, to its end. */
  runa(...words: readonly string[]): Promise<Ended>
  /** The same with something to read. */
  runaWith(input: string, ...words: readonly string[]): Promise<Ended>
  /** The same with --json; what it printed. Throws where it failed. */
  ask(...words: readonly string[]): Promise<Record<string, unknown>>
  /** Starts Runa by this command, and resolves with its first line: the address. Rejects with what it said instead. */
  start(command?: readonly string[]): Promise<{ readonly address: string; readonly process: ChildProcess }>
  status(name: string): Promise<ServiceStatus>
  state(): RunState
  /** Every process of this home, whatever the state file says. */
  processes(): number[]
  busFolder: string
  /** Ends whatever is left, and removes the home. */
  remove(): Promise<void>
}

/** A command that takes longer hangs. */
const COMMAND_MS = 45_000

export const UP = [process.execPath, MAIN, 'up']

export function createTestRuna(
  config = '',
  home: string = mkdtempSync(join(tmpdir(), 'runa-system-')),
  changes: NodeJS.ProcessEnv = {},
): TestRuna {
  if (config !== '') writeFileSync(join(home, 'runa.yaml'), config)
  const environment = { ...process.env, RUNA_HOME: home, RUNA_PORT: '0', ...changes }
  const started: ChildProcess[] = []

  /** The first two are closed to the eyes of others, unless those are root's. */
  function processes(): number[] {
    const state = readRunState(runFiles(homePaths(home)).state)
    const closed = [state?.ancestor, state?.gilgul].flatMap((one) => (one && isAlive(one) ? one.pid : []))
    return [...new Set([...closed, ...processesOf(home)])]
  }

  const runa = (...words: readonly string[]) => runaWith('', ...words)

  async function runaWith(input: string, ...words: readonly string[]): Promise<Ended> {
    const child = spawn(process.execPath, [MAIN, ...words], {
      timeout: COMMAND_MS,
      env: environment,
      stdio: ['pipe', 'pipe', 'pipe'],
    })
    // Most read nothing, and may have ended already.
    child.stdin.on('error', () => {})
    child.stdin.end(input)
    const [stdout, stderr, [status]] = await Promise.all([
      text(child.stdout),
      text(child.stderr),
      once(child, 'close') as Promise<[number | null]>,
    ])
    return { status, stdout, stderr }
  }

  async function ask(...words: readonly string[]): Promise<Record<string, unknown>> {
    const { status, stdout, stderr } = await runa(...words, '--json')
    if (status !== 0) throw new Error(`runa ${words.join(' ')} ended with ${status}: ${stderr}`)
    return JSON.parse(stdout) as Record<string, unknown>
  }

  return {
    home,
    environment,
    runa,
    runaWith,
    ask,
    busFolder: join('/dev/shm', `runa-${homeDigest(home)}`),
    async start([command = '', ...commandArguments] = UP) {
      const child = spawn(command, commandArguments, {
        env: environment,
        cwd: packageFolder(),
        stdio: ['ignore', 'pipe', 'pipe'],
      })
      started.push(child)
      const said = text(child.stderr)
      const lines = createInterface({ input: child.stdout })
      const address = new Promise<string>((resolve) => {
        lines.on('line', (line) => line.startsWith('http') && resolve(line))
      })
      const ended = once(child, 'close').then(async () => {
        throw new Error(`Runa did not start: ${await said}`)
      })
      ended.catch(() => {})
      return { address: await Promise.race([address, ended]), process: child }
    },
    async status(name) {
      const { services } = (await ask('status')) as { services: ServiceStatus[] }
      const found = services.find((service) => service.name === name)
      if (!found) throw new Error(`status does not list ${name}`)
      return found
    },
    state() {
      const state = readRunState(runFiles(homePaths(home)).state)
      if (!state) throw new Error('there is no state file')
      return state
    },
    processes,
    async remove() {
      // Again and again: one may be born just as its parent is killed.
      await until(() => {
        const left = processes()
        for (const pid of left) kill(pid)
        return left.length === 0
      })
      for (const child of started) child.kill('SIGKILL')
      rmSync(join('/dev/shm', `runa-${homeDigest(home)}`), { recursive: true, force: true })
      rmSync(home, { recursive: true, force: true })
    },
  }
}

/** Found by their environment, which names the home. The process that asks does not count. */
function processesOf(home: string): number[] {
  const pids = readdirSync('/proc').filter((name) => /^\d+$/.test(name) && Number(name) !== process.pid)
  return pids.map(Number).filter((pid) => {
    try {
      return readFileSync(`/proc/${pid}/environ`, 'latin1').split('\0').includes(`RUNA_HOME=${home}`)
    } catch {
      return false
    }
  })
}

export function kill(pid: number): void {
  try {
    process.kill(pid, 'SIGKILL')
  } catch {
    // It has just ended.
  }
}

/** Looks until it is so. What never becomes so is ended by the time limit of the test. */
export async function until(isSo: () => boolean | Promise<boolean>): Promise<void> {
  while (!(await isSo())) await new Promise((resolve) => setTimeout(resolve, 10))
}

/** Also where nobody has asked yet how it ended. */
export function isGone(pid: number): boolean {
  return processStartTicks(pid) === undefined
}
