import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { isAlive, type RunState } from '#kernel/gilgul'
import { attachBus, type Bus } from '#kernel/splinter'
import { createTestRuna, kill, type TestRuna, until } from '../../system/test-runa.ts'
import { configOf, SERVICE_NAMES, WEB_NAMES, webOf } from './house.ts'
import { findPorts, watchWeb } from './web.ts'

const ANCESTOR = new URL('ancestor-worker.js', import.meta.url).pathname

/** What is not back by then stays away. */
const CALM_MS_MAX = 90_000

/** coven, gilgul and its services, to be killed. */
export interface World {
  readonly runa: TestRuna
  /** Undefined for moments, while gilgul dies or begins. */
  state(): RunState | undefined
  /** The process of a service that is ready. */
  readyPid(service: string): number | undefined
  /** Lines that a service has written when it found another one of itself. */
  doubled(): string[]
  /** Resolves once everything runs. */
  calm(): Promise<void>
  end(): Promise<void>
}

export async function startWorld(): Promise<World> {
  const runa = createTestRuna(configOf())
  const ports = await findPorts(WEB_NAMES)
  mkdirSync(join(runa.home, 'services'))
  for (const [name, port] of ports) writeFileSync(join(runa.home, `services/${name}.yaml`), webOf(name, port))
  const child = spawn(process.execPath, [ANCESTOR], {
    env: runa.environment,
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  await once(child.stdout as NodeJS.ReadableStream, 'data')
  const bus: Bus = attachBus(runa.state().bus, { name: `torture-${process.pid}` })
  const web = watchWeb(ports)

  function state(): RunState | undefined {
    try {
      return runa.state()
    } catch {
      return undefined
    }
  }

  function readyPid(service: string): number | undefined {
    if (ports.has(service)) return web.pidOf(service)
    const seat = bus.members().find((member) => member.name === service && member.state === 'ready')
    return seat && isThere(seat.pid) ? seat.pid : undefined
  }

  function isUp(): boolean {
    const now = state()
    if (!now || !isAlive(now.gilgul) || !isAlive(now.ancestor)) return false
    return SERVICE_NAMES.every((name) => {
      const { process } = now.services[name] ?? {}
      return process && isAlive(process) && readyPid(name) === process.pid
    })
  }

  return {
    runa,
    state,
    readyPid,
    doubled() {
      const path = join(runa.home, 'run/doubled')
      return existsSync(path) ? readFileSync(path, 'utf8').trim().split('\n') : []
    },
    async calm() {
      const startedMs = performance.now()
      await until(() => isUp() || performance.now() - startedMs > CALM_MS_MAX)
      if (!isUp()) throw new Error(`Not everything came back: see ${runa.home}/logs`)
    },
    async end() {
      web.end()
      bus.close()
      await endChild(child)
      await runa.remove()
    },
  }
}

async function endChild(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return
  kill(child.pid ?? 0)
  await once(child, 'close')
}

function isThere(pid: number): boolean {
  return existsSync(`/proc/${pid}`)
}

/** How many descriptors a process has open; 0 where it has gone. */
export function descriptorsOf(pid: number): number {
  try {
    return readdirSync(`/proc/${pid}/fd`).length
  } catch {
    return 0
  }
}

/** Its proportional memory: what it shares counts by its share. 0 where it has gone. */
export function memoryMiBOf(pid: number): number {
  try {
    const [, kib] = /^Pss:\s+(\d+) kB/m.exec(readFileSync(`/proc/${pid}/smaps_rollup`, 'utf8')) ?? []
    return Math.round(Number(kib ?? 0) / 1024)
  } catch {
    return 0
  }
}
