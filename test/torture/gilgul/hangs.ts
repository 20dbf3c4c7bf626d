import { setTimeout as sleep } from 'node:timers/promises'
import { type Identity, isAlive } from '#kernel/gilgul'
import type { TortureRow } from '../row.ts'
import { PROBE_BEATS, SERVICE_NAMES } from './house.ts'
import type { World } from './world.ts'

const TOGETHER = 4
/** Of coven and gilgul, which watch each other. */
const SUPERVISOR_BEATS = 10
const BEAT_MS = 1_000
const LOOK_EVERY_MS = 20

/** Stops processes without killing them: each has to be found, ended and replaced within two probe periods. */
export async function stopSome(world: World, faults: number, random: () => number): Promise<TortureRow> {
  const foundShares: number[] = []
  let late = 0
  for (let count = 0; count < faults; ) {
    await world.calm()
    const victims = chooseVictims(world, Math.min(TOGETHER, faults - count), random)
    count += victims.length
    for (const { process: victim } of victims) process.kill(victim.pid, 'SIGSTOP')
    const shares = await Promise.all(victims.map(untilFound))
    foundShares.push(...shares)
    late += shares.filter((share) => share > 2).length
  }
  await world.calm()
  foundShares.sort((left, right) => left - right)
  const at = (share: number) => round(foundShares[Math.floor((foundShares.length - 1) * share)] ?? 0)
  return {
    case: 'stopped, not killed',
    faults,
    lost: 0,
    torn: 0,
    wedged: late,
    foundAfterPeriodsP50: at(0.5),
    foundAfterPeriodsMax: at(1),
  }
}

interface Victim {
  readonly process: Identity
  readonly periodMs: number
}

/** Services, and now and then one of the two that watch each other. */
function chooseVictims(world: World, count: number, random: () => number): Victim[] {
  const state = world.state()
  if (!state) return []
  const services = SERVICE_NAMES.toSorted(() => random() - 0.5)
    .slice(0, count)
    .flatMap((name) => state.services[name]?.process ?? [])
    .map((process) => ({ process, periodMs: PROBE_BEATS * BEAT_MS }))
  const draw = random()
  if (draw > 0.7) return services
  // Whoever watches over services is not stopped with them: a hang is found by the one above.
  const process = draw < 0.35 ? state.gilgul : state.ancestor
  return [{ process, periodMs: SUPERVISOR_BEATS * BEAT_MS }]
}

/** How many probe periods it took until it was ended. */
async function untilFound({ process, periodMs }: Victim): Promise<number> {
  const startedMs = performance.now()
  while (isAlive(process) && performance.now() - startedMs < 5 * periodMs) await sleep(LOOK_EVERY_MS)
  return (performance.now() - startedMs) / periodMs
}

function round(value: number): number {
  return Math.round(value * 100) / 100
}
