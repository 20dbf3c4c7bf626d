import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { kill, until } from '../../system/test-runa.ts'
import type { TortureOptions, TortureRow } from '../row.ts'
import { stopSome } from './hangs.ts'
import { SERVICE_NAMES } from './house.ts'
import { callSleeper } from './sleeper.ts'
import { compare, runStorm, type Storm } from './storm.ts'
import { descriptorsOf, memoryMiBOf, startWorld, type World } from './world.ts'

/** Of the kills, so many are tried as hangs as well. */
const HANG_SHARE = 0.03

/** And so many calls to one that falls asleep all the time. */
const CALL_SHARE = 0.2

/** Kills services, gilgul and coven at random, and stops them; all of them have to be there again each time. */
export async function tortureGilgul({ faults, random }: TortureOptions): Promise<TortureRow[]> {
  const world = await startWorld()
  try {
    await world.calm()
    const before = heldBy(world)
    const ownStartMs = await timeCalmRestarts(world)
    const storm = await runStorm(world, faults, random)
    for (const name of SERVICE_NAMES.slice(0, ownStartMs.length)) note(storm, name)
    await world.calm()
    const counts = await compare(world, storm.ledger)
    const after = heldBy(world)
    const rows = [
      {
        case: 'killed at random',
        faults,
        torn: 0,
        wedged: storm.wedged,
        ...counts,
        doubled: world.doubled().length,
        ...figures(storm, middle(ownStartMs)),
        descriptorsBefore: before.descriptors,
        descriptorsAfter: after.descriptors,
        memoryMiBBefore: before.memoryMiB,
        memoryMiBAfter: after.memoryMiB,
      },
      await stopSome(world, Math.max(3, Math.round(faults * HANG_SHARE)), random),
      await callSleeper(world, Math.max(10, Math.round(faults * CALL_SHARE)), random),
    ]
    return [...rows, ...(await plant(world))]
  } finally {
    await world.end()
  }
}

/** Each of a few services is killed alone: what it costs to start one, with nothing in its way. */
async function timeCalmRestarts(world: World): Promise<number[]> {
  const times: number[] = []
  for (const name of SERVICE_NAMES.slice(0, 4)) {
    const pid = world.readyPid(name)
    if (pid === undefined) throw new Error(`${name} is not ready`)
    const startedMs = performance.now()
    kill(pid)
    await until(() => ![undefined, pid].includes(world.readyPid(name)))
    times.push(performance.now() - startedMs)
    await world.calm()
  }
  return times
}

function note({ ledger }: Storm, name: string): void {
  ledger.set(name, (ledger.get(name) ?? 0) + 1)
}

function figures({ serviceMs, keptMs, gilgulMs, covenMs }: Storm, ownStartMs: number) {
  for (const times of [serviceMs, keptMs, gilgulMs, covenMs]) times.sort((left, right) => left - right)
  const at = (times: readonly number[], share: number) =>
    Math.round(times[Math.floor((times.length - 1) * share)] ?? 0)
  const beyondStart = (times: readonly number[]) => Math.max(0, at(times, 0.99) - Math.round(ownStartMs))
  return {
    serviceKills: serviceMs.length,
    gilgulKills: gilgulMs.length,
    covenKills: covenMs.length,
    ownStartMs: Math.round(ownStartMs),
    serviceMsP50: at(serviceMs, 0.5),
    serviceMsP99: at(serviceMs, 0.99),
    beyondStartMsP99: beyondStart(serviceMs),
    keptKills: keptMs.length,
    keptBeyondStartMsP99: beyondStart(keptMs),
    gilgulMsP50: at(gilgulMs, 0.5),
    gilgulMsP99: at(gilgulMs, 0.99),
    covenMsP50: at(covenMs, 0.5),
  }
}

function middle(values: readonly number[]): number {
  return values.toSorted((left, right) => left - right)[values.length >> 1] ?? 0
}

/** By gilgul and by who started it. */
function heldBy(world: World) {
  const { ancestor, gilgul } = world.state() ?? {}
  const pids = [ancestor?.pid ?? 0, gilgul?.pid ?? 0]
  const sum = (values: readonly number[]) => values.reduce((left, right) => left + right, 0)
  return { descriptors: sum(pids.map(descriptorsOf)), memoryMiB: sum(pids.map(memoryMiBOf)) }
}

/** A restart that nobody caused, and a service that was started twice, have to be found. */
async function plant(world: World): Promise<TortureRow[]> {
  const [name = ''] = SERVICE_NAMES
  const { restarts: killsSoFar } = await statusOf(world, name)
  const pid = world.readyPid(name) ?? 0
  kill(pid)
  await until(() => ![undefined, pid].includes(world.readyPid(name)))
  await world.calm()
  const { restarts } = await statusOf(world, name)
  const doubledBefore = world.doubled().length
  const second = spawn(process.execPath, [new URL('service-worker.js', import.meta.url).pathname], {
    env: { ...world.runa.environment, RUNA_SERVICE: name, RUNA_BUS: world.state()?.bus },
    stdio: ['pipe', 'ignore', 'ignore'],
  })
  await until(() => world.doubled().length > doubledBefore)
  second.kill('SIGKILL')
  await once(second, 'close')
  const clean = { faults: 1, lost: 0, torn: 0, wedged: 0 }
  return [
    { case: 'planted: a death that is in no ledger', ...clean, found: restarts === killsSoFar + 1 },
    {
      case: 'planted: a second process of a service',
      ...clean,
      found: world.doubled().length > doubledBefore,
    },
  ]
}

async function statusOf(world: World, name: string): Promise<{ restarts: number }> {
  return await world.runa.status(name)
}
