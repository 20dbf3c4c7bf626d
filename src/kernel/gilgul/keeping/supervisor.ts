import { RunaError, type ServiceState } from '#protocol'
import type { EstateEntry } from '../estate/estate.ts'
import type { ServiceSpec } from '../spec/spec.ts'
import { createCompany } from './company.ts'
import { createKeeper, type Keeper, type KeeperOptions } from './keeper.ts'

export interface SupervisorOptions extends Omit<KeeperOptions, 'before' | 'needsRun' | 'stopGroup'> {
  readonly specs: readonly ServiceSpec[]
  /** What an earlier gilgul left, by the name of the service. */
  readonly before?: Readonly<Record<string, EstateEntry>>
}

/** Keeps a set of services that need one another. */
export interface Supervisor {
  /** In the order in which they are started. */
  keepers(): readonly Keeper[]
  /** Throws SERVICE_UNKNOWN. */
  find(name: string): Keeper
  /** Starts all of them, each once what it needs runs. Resolves when each runs, has failed, or waits for one that has. */
  start(): Promise<void>
  /** Keeps one more. Where there is one of that name, that one is kept on. Throws SERVICE_FAILED. */
  add(spec: ServiceSpec): Keeper
  /** Ends one that was added, and forgets it. Rejects with SERVICE_UNKNOWN, also for one that was there from the start. */
  remove(name: string): Promise<void>
  /** Ends all of them, each before what it needs. */
  stop(): Promise<void>
}

/** Two at a time are as fast as all at once on a small machine, and leave it usable meanwhile. */
const STARTING_MAX = 2

/** Each takes a seat on the bus, and the services and the command line need some of these too. */
const ADDED_MAX = 16

export function createSupervisor(options: SupervisorOptions): Supervisor {
  const { specs, onChange, held = () => undefined } = options
  const kept = new Map<string, Keeper>()
  const left = new Map(Object.entries(options.before ?? {}))
  const company = createCompany(kept, () => advance())
  /** There from the start to the stop. */
  let settle: (() => void) | undefined

  function keep(spec: ServiceSpec): Keeper {
    const keeper = createKeeper(spec, {
      ...options,
      needsRun: ({ needs }) => needs.every(isThere),
      before: left.get(spec.name),
      stopGroup: (dead) => void Promise.all(othersOf(dead, kept).map((one) => one.giveUp(sayGroup(dead)))),
      onChange(name) {
        onChange(name)
        company.look(kept.get(name))
        advance()
      },
    })
    left.delete(spec.name)
    kept.set(spec.name, keeper)
    return keeper
  }

  const isThere = (name: string) => standsReady(kept.get(name))

  /** Starts what can be started by now. Called at each change. */
  function advance(): void {
    if (!settle) return
    const services = servicesOf(kept)
    const inState = (state: ServiceState) => services.filter(({ standing }) => standing().state === state)
    for (const keeper of [...inState('waiting'), ...company.returning()]) {
      if (inState('starting').length >= STARTING_MAX) return
      if (isDue(keeper, held(keeper.spec), isThere)) keeper.start()
    }
    if (services.every((keeper) => isSettled(keeper, kept, held))) settle()
  }

  const find = (name: string) => kept.get(name) ?? unknown(name)

  for (const spec of specs) keep(spec)

  return {
    keepers: () => [...kept.values()],
    find,
    start: () =>
      new Promise<void>((resolve) => {
        settle = resolve
        advance()
      }),
    add(spec) {
      const keeper = kept.get(spec.name)
      if (keeper) return sameKind(keeper, spec)
      if (kept.size >= specs.length + ADDED_MAX) tooMany()
      return keep(spec)
    },
    async remove(name) {
      const keeper = find(name)
      if (specs.some((spec) => spec.name === name))
        throw new RunaError('SERVICE_UNKNOWN', `${name} is no model.`)
      await keeper.stop()
      kept.delete(name)
    },
    async stop() {
      settle = undefined
      await stopInOrder(kept.values())
    },
  }
}

function tooMany(): never {
  throw new RunaError('SERVICE_FAILED', `No more than ${ADDED_MAX} models are started.`)
}

function unknown(name: string): never {
  throw new RunaError('SERVICE_UNKNOWN', `There is no service '${name}'.`)
}

/** A model under the name of a service would get its keys. */
function sameKind(keeper: Keeper, { name, kind }: ServiceSpec): Keeper {
  if (keeper.spec.kind === kind) return keeper
  throw new RunaError('SERVICE_FAILED', `${name} is a service, and no model.`)
}

/** One that is held is due once: it says so itself then, and goes on waiting. */
function isDue({ spec, standing }: Keeper, because: string | undefined, runs: (name: string) => boolean) {
  return because === undefined ? spec.needs.every(runs) : standing().reason !== because
}

type Kept = ReadonlyMap<string, Keeper>

function servicesOf(kept: Kept): Keeper[] {
  return [...kept.values()].filter(({ spec }) => spec.kind === 'service')
}

/** It can be called: one that sleeps is started by that. */
export function standsReady(keeper: Keeper | undefined): boolean {
  return keeper !== undefined && ['running', 'asleep'].includes(keeper.standing().state)
}

type Held = NonNullable<SupervisorOptions['held']>

function isSettled(keeper: Keeper, kept: Kept, held: Held): boolean {
  return standsReady(keeper) || isHopeless(keeper, kept, held)
}

function othersOf({ name, group }: ServiceSpec, kept: Kept): Keeper[] {
  if (!group) return []
  return [...kept.values()].filter(({ spec }) => spec.name !== name && spec.group?.name === group.name)
}

function sayGroup({ name, group }: ServiceSpec): string {
  return `${name} has died, and its description has the group ${group?.name} stopped then.`
}

/** It will not run before a person does something about it, or about one that it needs. */
function isHopeless(keeper: Keeper | undefined, kept: Kept, held: Held): boolean {
  if (!keeper) return true
  const { state } = keeper.standing()
  if (state === 'failed' || state === 'stopped') return true
  if (state !== 'waiting') return false
  if (held(keeper.spec) !== undefined) return true
  return keeper.spec.needs.some((need) => isHopeless(kept.get(need), kept, held))
}

/**
 * In waves: first those that nobody calls, then those that only these called, and so on. Models come last. Who is called
 * ends after its callers also where they could start without it: what they were about to say is to find it.
 */
async function stopInOrder(keepers: Iterable<Keeper>): Promise<void> {
  let standing = [...keepers]
  while (standing.length > 0) {
    const needed = new Set(standing.flatMap(({ spec }) => calledBy(spec)))
    const servicesStand = standing.some(({ spec }) => spec.kind === 'service')
    const isNext = ({ spec }: Keeper) => !needed.has(spec.name) && !(servicesStand && spec.kind === 'model')
    const ready = standing.filter(isNext)
    // Services that call each other in a circle have no order.
    const next = ready.length > 0 ? ready : standing
    standing = standing.filter((keeper) => !next.includes(keeper))
    await Promise.all(next.map((keeper) => keeper.stop()))
  }
}

function calledBy({ name, needs, speaks }: ServiceSpec): string[] {
  return [...needs, ...speaks.filter((contract) => contract !== name)]
}
