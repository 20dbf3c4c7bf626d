import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { isAlive } from '#kernel/gilgul'
import { kill } from '../../system/test-runa.ts'
import type { TortureRow } from '../row.ts'
import { overBus } from '../running.ts'
import { sleeperContract } from './sleeper-contract.ts'
import type { World } from './world.ts'

/** Around the moment at which it closes its door, and half a second later, at which it ends. */
const PAUSE_MS_MAX = 1_200
/** Calls that follow one another at once. */
const TOGETHER_MAX = 4
/** So often, gilgul is killed as well. */
const GILGUL_SHARE = 0.2

/** Calls a service that falls asleep whenever it can, at random moments: each call has to be taken once. */
export async function callSleeper(world: World, calls: number, random: () => number): Promise<TortureRow> {
  const pids = new Set<number>()
  const times: number[] = []
  let gilgulKills = 0
  let refused = 0
  await overBus(world.runa, async (clientOf) => {
    const { take } = clientOf(sleeperContract)
    const one = async (number: number) => {
      const startedMs = performance.now()
      const answer = await take({ number }).catch(() => undefined)
      if (answer) pids.add(answer.pid)
      else refused += 1
      times.push(performance.now() - startedMs)
    }
    for (let number = 0; number < calls; ) {
      await sleep(random() * PAUSE_MS_MAX)
      if (random() < GILGUL_SHARE && killGilgul(world)) gilgulKills += 1
      const together = Math.min(calls - number, 1 + Math.floor(random() * TOGETHER_MAX))
      await Promise.all(Array.from({ length: together }, (_, index) => one(number + index)))
      number += together
    }
  })
  const taken = readFileSync(join(world.runa.home, 'run/taken'), 'utf8').trim().split('\n')
  times.sort((left, right) => left - right)
  const at = (share: number) => Math.round(times[Math.floor((times.length - 1) * share)] ?? 0)
  return {
    case: 'called at any moment, while it falls asleep',
    faults: gilgulKills,
    calls,
    lost: calls - new Set(taken).size,
    torn: taken.length - new Set(taken).size,
    wedged: refused,
    lives: pids.size,
    callMsP50: at(0.5),
    callMsP99: at(0.99),
  }
}

function killGilgul(world: World): boolean {
  const { gilgul } = world.state() ?? {}
  if (!gilgul || !isAlive(gilgul)) return false
  kill(gilgul.pid)
  return true
}
