import { setTimeout as sleep } from 'node:timers/promises'
import { ERRORS, type ServiceState } from '#protocol'
import type { EstateEntry } from '../estate/estate.ts'
import type { Identity } from '../identity.ts'
import type { ServiceSpec } from '../spec.ts'
import { type Condition, createCondition } from './condition.ts'
import type { Ending } from './ending.ts'
import { type Adopted, beginLife, type Death, type Life, type LifeOptions } from './life.ts'
import { createRestarts, type RestartsOptions } from './restarts.ts'

interface Standing {
  readonly state: ServiceState
  /** A sentence: why, and what happens next. */
  readonly reason: string
  readonly process: Identity | undefined
  readonly restarts: number
  readonly uptimeMs: number
  /** How its last process ended. */
  readonly ending: Ending | undefined
}

export interface KeeperOptions extends LifeOptions, Omit<RestartsOptions, 'patienceBefore'> {
  readonly onChange: (name: string) => void
  /** Called before each birth: what it is to outlive has to be noted by then. */
  readonly beforeBirth?: (name: string) => void
  /** What an earlier gilgul left of it. */
  readonly before?: EstateEntry | undefined
}

/** Keeps one service alive. */
export interface Keeper {
  readonly spec: ServiceSpec
  standing(): Standing
  /** Begins to keep it, also after it had failed. Nothing happens where it is kept already. */
  start(adopted?: Adopted): void
  /** Ends it and keeps it no longer. */
  stop(): Promise<void>
  /** Resolves once it runs. Rejects with SERVICE_FAILED when it has failed or was stopped. */
  running(): Promise<void>
  /** Its present process gave a sign of life. */
  heard(): void
  /** One beat of gilgul's own clock. Silence is counted in these, so that a pause of the whole machine is no silence. */
  tick(): void
  /** What the next gilgul has to know of it. */
  legacy(): Omit<EstateEntry, 'settings' | 'digest'>
}

interface Keeping {
  readonly stopping: AbortController
  readonly done: Promise<void>
}

const STARTING = 'It has been started, and has not said yet that it is ready.'

export function createKeeper(spec: ServiceSpec, options: KeeperOptions): Keeper {
  const { before } = options
  const patience = createRestarts(spec.restart, { ...options, patienceBefore: before?.patience })
  let { restarts = 0, birth = 0 } = before ?? {}
  const condition = createCondition(spec, { onChange: options.onChange, failure: before?.failure })
  const { become } = condition
  let life: Life | undefined
  let ending: Ending | undefined
  let keeping: Keeping | undefined

  function begin(adopted: Adopted | undefined): Life {
    if (!adopted) {
      birth += 1
      options.beforeBirth?.(spec.name)
    }
    const begun = beginLife(spec, options, adopted ?? birth)
    life = begun
    if (begun.readyAtMs() === undefined) become('starting', STARTING)
    else become('running', 'It runs, and did while gilgul was started anew.')
    return begun
  }

  async function keep(signal: AbortSignal, adopted: Adopted | undefined): Promise<void> {
    for (let known = adopted; ; known = undefined) {
      const death = await untilDeath(begin(known), signal, become)
      life = undefined
      ending = death.ending
      if (signal.aborted) return become('stopped', 'It was stopped.')
      const hopeless = isHopeless(death)
      const pauseMs = hopeless ? undefined : patience.pauseAfter(death)
      if (pauseMs === undefined) return become('failed', failureSentence(ending, hopeless))
      restarts += 1
      become('backoff', `${ending.sentence} It is started again.`)
      await sleep(pauseMs, undefined, { signal }).catch(() => {})
      if (signal.aborted) return become('stopped', 'It was stopped.')
    }
  }

  return {
    spec,
    standing: () => ({
      ...{ state: condition.state, reason: condition.reason, restarts, ending },
      ...{ process: life?.process, uptimeMs: life?.uptimeMs() ?? 0 },
    }),
    start(adopted) {
      if (keeping) return
      if (['failed', 'stopped'].includes(condition.state)) patience.forget()
      const stopping = new AbortController()
      const done = keep(stopping.signal, adopted).finally(() => {
        keeping = undefined
      })
      keeping = { stopping, done }
    },
    async stop() {
      if (!keeping) return become('stopped', 'It was stopped.')
      keeping.stopping.abort()
      await keeping.done
    },
    running: condition.running,
    heard() {
      if (life?.heard() && condition.state === 'starting') become('running', 'It runs.')
    },
    tick: () => life?.missBeat(),
    legacy: () => ({
      ...{ birth, restarts, process: life?.process, logStart: life?.logStart ?? 0 },
      ...{ readyAtMs: life?.readyAtMs(), patience: patience.patience() },
      ...(condition.state === 'failed' ? { failure: condition.reason } : {}),
    }),
  }
}

async function untilDeath(life: Life, signal: AbortSignal, become: Condition['become']): Promise<Death> {
  const stop = () => {
    become('stopping', 'It has been asked to end.')
    life.end()
  }
  signal.addEventListener('abort', stop, { once: true })
  const death = await life.ended
  signal.removeEventListener('abort', stop)
  return death
}

/** What a service says about itself before it is ready, such as a faulty setting, no second try will change. */
function isHopeless({ ranMs, ending: { code } }: Death): boolean {
  return ranMs === undefined && code !== undefined && !ERRORS[code].retry
}

function failureSentence({ sentence, code, advice }: Ending, hopeless: boolean): string {
  const known = [sentence, code === undefined ? '' : ` [${code}]`, advice === '' ? '' : ` ${advice}`].join('')
  return hopeless ? known : `It died too often, and is not started again by itself. ${known}`
}
