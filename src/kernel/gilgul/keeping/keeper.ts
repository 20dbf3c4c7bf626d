import { setTimeout as sleep } from 'node:timers/promises'
import { ERRORS, RunaError, type ServiceState } from '#protocol'
import type { ServiceSpec } from '../spec.ts'
import type { Ending } from './ending.ts'
import { beginLife, type Life, type LifeOptions } from './life.ts'
import { createRestarts, type RestartsOptions } from './restarts.ts'

interface Standing {
  readonly state: ServiceState
  /** A sentence: why, and what happens next. */
  readonly reason: string
  readonly pid: number | undefined
  readonly restarts: number
  readonly uptimeMs: number
  /** How its last process ended. */
  readonly ending: Ending | undefined
}

export interface KeeperOptions extends LifeOptions, RestartsOptions {
  readonly onChange: (name: string) => void
  /** Restarts under an earlier gilgul. */
  readonly restartsBefore?: number
}

/** Keeps one service alive. */
export interface Keeper {
  readonly spec: ServiceSpec
  standing(): Standing
  /** Begins to keep it, also after it had failed. Nothing happens where it is kept already. */
  start(): void
  /** Ends it and keeps it no longer. */
  stop(): Promise<void>
  /** Resolves once it runs. Rejects with SERVICE_FAILED when it has failed or was stopped. */
  running(): Promise<void>
  /** Its present process gave a sign of life. */
  heard(): void
  /** One beat of gilgul's own clock. Silence is counted in these, so that a pause of the whole machine is no silence. */
  tick(): void
}

interface Keeping {
  readonly stopping: AbortController
  readonly done: Promise<void>
}

export function createKeeper(spec: ServiceSpec, options: KeeperOptions): Keeper {
  let { restartsBefore: restarts = 0 } = options
  let state: ServiceState = 'waiting'
  let reason = waitingSentence(spec)
  let life: Life | undefined
  let ending: Ending | undefined
  let keeping: Keeping | undefined
  const watchers = new Set<() => void>()

  function become(next: ServiceState, because: string): void {
    state = next
    reason = because
    options.onChange(spec.name)
    for (const watcher of [...watchers]) watcher()
  }

  async function live(signal: AbortSignal) {
    const begun = beginLife(spec, options)
    life = begun
    become('starting', 'It has been started, and has not said yet that it is ready.')
    const stop = () => {
      become('stopping', 'It has been asked to end.')
      begun.end()
    }
    signal.addEventListener('abort', stop, { once: true })
    const death = await begun.ended
    signal.removeEventListener('abort', stop)
    life = undefined
    ending = death.ending
    return death
  }

  async function keep(signal: AbortSignal): Promise<void> {
    const patience = createRestarts(spec.restart, options)
    for (;;) {
      const death = await live(signal)
      if (signal.aborted) return become('stopped', 'It was stopped.')
      const hopeless = isHopeless(death.ranMs, death.ending)
      const pauseMs = hopeless ? undefined : patience.pauseAfter(death)
      if (pauseMs === undefined) return become('failed', failureSentence(death.ending, hopeless))
      restarts += 1
      become('backoff', `${death.ending.sentence} It is started again.`)
      await sleep(pauseMs, undefined, { signal }).catch(() => {})
      if (signal.aborted) return become('stopped', 'It was stopped.')
    }
  }

  return {
    spec,
    standing: () => ({ state, reason, pid: life?.pid, restarts, uptimeMs: life?.uptimeMs() ?? 0, ending }),
    start() {
      if (keeping) return
      const stopping = new AbortController()
      const done = keep(stopping.signal).finally(() => {
        keeping = undefined
      })
      keeping = { stopping, done }
    },
    async stop() {
      if (!keeping) return become('stopped', 'It was stopped.')
      keeping.stopping.abort()
      await keeping.done
    },
    running: () => untilRunning(spec, watchers, () => ({ state, reason })),
    heard() {
      if (life?.heard() && state === 'starting') become('running', 'It runs.')
    },
    tick: () => life?.missBeat(),
  }
}

function untilRunning(
  { name }: ServiceSpec,
  watchers: Set<() => void>,
  standing: () => Pick<Standing, 'state' | 'reason'>,
): Promise<void> {
  return new Promise((resolve, reject) => {
    function look(): void {
      const { state, reason } = standing()
      if (state === 'running') resolve()
      else if (state === 'failed' || state === 'stopped')
        reject(new RunaError('SERVICE_FAILED', `${name}: ${reason}`))
      else return
      watchers.delete(look)
    }
    watchers.add(look)
    look()
  })
}

/** What a service says about itself before it is ready, such as a faulty setting, no second try will change. */
function isHopeless(ranMs: number | undefined, { code }: Ending): boolean {
  return ranMs === undefined && code !== undefined && !ERRORS[code].retry
}

function waitingSentence({ needs }: ServiceSpec): string {
  return needs.length === 0 ? 'It is about to be started.' : `It is started once ${needs.join(' and ')} run.`
}

function failureSentence({ sentence, code, advice }: Ending, hopeless: boolean): string {
  const known = [sentence, code === undefined ? '' : ` [${code}]`, advice === '' ? '' : ` ${advice}`].join('')
  return hopeless ? known : `It died too often, and is not started again by itself. ${known}`
}
