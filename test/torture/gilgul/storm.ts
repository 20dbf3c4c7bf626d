import { setTimeout as sleep } from 'node:timers/promises'
import { type Identity, isAlive, type RunState } from '#kernel/gilgul'
import { type Client, gilgulContract, type ServiceStatus } from '#protocol'
import { kill } from '../../system/test-runa.ts'
import { overBus } from '../running.ts'
import { SERVICE_NAMES } from './house.ts'
import type { World } from './world.ts'

const PAUSE_MS_MAX = 500
/** What has not come back by then never does. */
const WEDGED_MS = 60_000
const LOOK_EVERY_MS = 5
/** Shares of the kills that hit gilgul and coven; the rest hits services. */
const SHARES = { gilgul: 0.25, coven: 0.05 }

export interface Storm {
  readonly kills: number
  /** How often each service was killed. */
  readonly ledger: Map<string, number>
  readonly serviceMs: number[]
  /** Those of them during which nobody killed gilgul or coven. */
  readonly keptMs: number[]
  readonly gilgulMs: number[]
  readonly covenMs: number[]
  wedged: number
  /** Of gilgul and coven. */
  supervisorKills: number
}

/** So many may be down at once: with more, one would measure how many starts the machine bears. */
const DOWN_MAX = 3

/** Kills at random, also while what was killed before comes back. */
export async function runStorm(world: World, kills: number, random: () => number): Promise<Storm> {
  const times = { serviceMs: [], keptMs: [], gilgulMs: [], covenMs: [] }
  const storm: Storm = { kills, ledger: new Map(), ...times, wedged: 0, supervisorKills: 0 }
  const down = new Set<Promise<void>>()
  for (let count = 0; count < kills && storm.wedged === 0; ) {
    await sleep(random() * PAUSE_MS_MAX)
    if (down.size >= DOWN_MAX) await Promise.race(down)
    const state = world.state()
    const recovery = state && killOne(world, state, storm, random)
    if (!recovery) continue
    down.add(recovery)
    void recovery.then(() => down.delete(recovery))
    count += 1
  }
  await Promise.all(down)
  return storm
}

/** Resolves once what was killed is back. Undefined where the one that was chosen does not live just now. */
function killOne(
  world: World,
  state: RunState,
  storm: Storm,
  random: () => number,
): Promise<void> | undefined {
  const draw = random()
  if (draw < SHARES.coven) return killSupervisor(world, state, 'ancestor', storm)
  if (draw < SHARES.coven + SHARES.gilgul) return killSupervisor(world, state, 'gilgul', storm)
  const name = SERVICE_NAMES[Math.floor(random() * SERVICE_NAMES.length)] ?? ''
  const process = state.services[name]?.process
  if (!process || !killed(process)) return undefined
  storm.ledger.set(name, (storm.ledger.get(name) ?? 0) + 1)
  const isBack = () => {
    const pid = world.readyPid(name)
    return pid !== undefined && pid !== process.pid
  }
  const { supervisorKills } = storm
  const isKept = isAlive(state.gilgul) && isAlive(state.ancestor)
  return untilBack(isBack, storm, (ms) => {
    storm.serviceMs.push(ms)
    if (isKept && supervisorKills === storm.supervisorKills) storm.keptMs.push(ms)
  })
}

/** Both are followed by a new gilgul: one that died, and one whose process has become coven. */
function killSupervisor(
  world: World,
  state: RunState,
  which: 'ancestor' | 'gilgul',
  storm: Storm,
): Promise<void> | undefined {
  // Killed within one moment they end everything, as the README says: one at a time.
  if (!isAlive(state.gilgul) || !isAlive(state.ancestor) || !killed(state[which])) return undefined
  storm.supervisorKills += 1
  const isBack = () => {
    const next = world.state()
    return next !== undefined && next.gilgul.pid !== state.gilgul.pid && isAlive(next.gilgul)
  }
  const times = which === 'gilgul' ? storm.gilgulMs : storm.covenMs
  return untilBack(isBack, storm, (ms) => times.push(ms))
}

function killed(process: Identity): boolean {
  if (!isAlive(process)) return false
  kill(process.pid)
  return true
}

async function untilBack(isBack: () => boolean, storm: Storm, note: (ms: number) => void): Promise<void> {
  const startedMs = performance.now()
  while (!isBack()) {
    if (performance.now() - startedMs > WEDGED_MS) {
      storm.wedged += 1
      return
    }
    await sleep(LOOK_EVERY_MS)
  }
  note(performance.now() - startedMs)
}

/** Who answers over HTTP is asked by gilgul as well, some moments later. */
const PROBED_MS = 5_000

async function settled(gilgul: Client<typeof gilgulContract>): Promise<readonly ServiceStatus[]> {
  const startedMs = performance.now()
  for (;;) {
    const { services } = await gilgul.status({})
    const isSettled = services.every(({ state }) => ['running', 'asleep'].includes(state))
    if (isSettled || performance.now() - startedMs > PROBED_MS) return services
    await sleep(LOOK_EVERY_MS)
  }
}

/** What gilgul says that it has restarted, against what was killed. */
export async function compare(world: World, ledger: ReadonlyMap<string, number>) {
  return await overBus(world.runa, async (clientOf) => {
    const services = await settled(clientOf(gilgulContract))
    const counts = { lost: 0, withoutCause: 0, unknownEnds: 0 }
    for (const name of SERVICE_NAMES) {
      const service = services.find((status) => status.name === name)
      if (service?.state !== 'running') counts.lost += 1
      const difference = (service?.restarts ?? 0) - (ledger.get(name) ?? 0)
      counts.withoutCause += Math.max(0, difference)
      counts.unknownEnds += Math.max(0, -difference)
    }
    return counts
  })
}
