import type { ServiceState } from '#protocol'
import type { EstateEntry } from '../estate/estate.ts'
import type { Identity } from '../identity.ts'
import type { ServiceSpec } from '../spec/spec.ts'
import { createCondition } from './condition.ts'
import { type CourseOptions, createCourse, type Trouble } from './course.ts'
import type { Ending } from './ending.ts'
import type { Adopted } from './life.ts'

interface Standing {
  readonly state: ServiceState
  /** A sentence: why, and what happens next. */
  readonly reason: string
  readonly process: Identity | undefined
  readonly restarts: number
  readonly uptimeMs: number
  /** How its last process ended. */
  readonly ending: Ending | undefined
  /** Of the last time. */
  readonly trouble: Trouble | undefined
}

export interface KeeperOptions extends CourseOptions {
  readonly onChange: (name: string) => void
}

/** Keeps one service alive. */
export interface Keeper {
  readonly spec: ServiceSpec
  standing(): Standing
  /** Begins to keep it, also after it had failed. Nothing happens where it is kept already. */
  start(adopted?: Adopted): void
  /** Has it started once what it needs runs, where it sleeps. */
  rouse(): void
  /** Ends it and keeps it no longer. */
  stop(): Promise<void>
  /** The same, until a person starts it again. */
  giveUp(because: string): Promise<void>
  /** Resolves once it runs. Rejects with SERVICE_FAILED when it has failed or was stopped. */
  running(): Promise<void>
  /** Its present process gave a sign of life. */
  heard(): void
  /** Its present process was asked how it is, and is not well: it is ended, and started again. */
  hung(sentence: string): void
  /** One beat of gilgul's own clock. Silence is counted in these, so that a pause of the whole machine is no silence. */
  tick(): void
  /** What the next gilgul has to know of it. */
  legacy(): Omit<EstateEntry, 'settings' | 'digest'>
}

interface Keeping {
  readonly stopping: AbortController
  readonly done: Promise<void>
}

export function createKeeper(spec: ServiceSpec, options: KeeperOptions): Keeper {
  const { onChange, before } = options
  const condition = createCondition(spec, { onChange, failure: before?.failure })
  const course = createCourse(spec, options, condition)
  let keeping: Keeping | undefined

  function keep(work: (signal: AbortSignal) => Promise<void>): void {
    const stopping = new AbortController()
    const done = work(stopping.signal).finally(() => {
      keeping = undefined
      // Only now can it be started: whoever does that is told once more.
      if (['waiting', 'asleep'].includes(condition.state)) onChange(spec.name)
    })
    keeping = { stopping, done }
  }

  async function stop(): Promise<void> {
    if (!keeping) return condition.become('stopped', 'It was stopped.')
    keeping.stopping.abort()
    await keeping.done
  }

  if (course.resume) keep(course.resume)
  return {
    get spec() {
      return course.lives.spec
    },
    standing() {
      const { life } = course.lives
      const { state, reason } = condition
      const process = life?.process
      return { state, reason, ...course.past, process, uptimeMs: life?.uptimeMs() ?? 0 }
    },
    start(adopted) {
      if (course.wake() || keeping) return
      if (['failed', 'stopped'].includes(condition.state)) course.forget()
      keep((signal) => course.go(signal, adopted))
    },
    rouse() {
      if (condition.state === 'asleep' && !keeping) condition.become('waiting', 'Somebody has called it.')
    },
    stop,
    async giveUp(because) {
      await stop()
      condition.become('failed', because)
    },
    running: condition.running,
    heard() {
      if (course.lives.life?.heard() && condition.state === 'starting')
        condition.become('running', 'It runs.')
    },
    hung: (sentence) => course.lives.life?.condemn(sentence),
    tick: () => course.lives.life?.missBeat(),
    legacy: () => ({
      ...course.legacy(),
      ...{ process: course.lives.life?.process, logStart: course.lives.life?.logStart ?? 0 },
      readyAtMs: course.lives.life?.readyAtMs(),
      ...(condition.state === 'failed' ? { failure: condition.reason } : {}),
    }),
  }
}
