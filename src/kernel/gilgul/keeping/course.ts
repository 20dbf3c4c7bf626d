import type { FailureCause, ServiceStatus } from '#protocol'
import type { Rung } from '../diagnosis/repairs.ts'
import type { EstateEntry } from '../estate/estate.ts'
import type { ServiceSpec } from '../spec/spec.ts'
import { ASLEEP, type Condition } from './condition.ts'
import type { Ending } from './ending.ts'
import type { Adopted, Death, Life } from './life.ts'
import { createLives, type Lives, type LivesOptions } from './lives.ts'
import { createMending, type Repair } from './mending.ts'
import { createRestarts, type RestartsOptions } from './restarts.ts'
import { createWatch } from './watch.ts'

export interface CourseOptions extends LivesOptions, Omit<RestartsOptions, 'patienceBefore'> {
  /** Whether everything that it needs runs. */
  readonly needsRun?: (spec: ServiceSpec) => boolean
  /** Why it cannot be started for now, such as for a vault that is sealed; undefined where it can. */
  readonly held?: (spec: ServiceSpec) => string | undefined
  /** Runs a program that the description of a service names for a death. Never rejects. */
  readonly runRepair?: (
    spec: ServiceSpec,
    repair: Repair,
    why: { readonly cause: FailureCause; readonly signal: AbortSignal },
  ) => Promise<void>
  /** Stops the others of its group for good. */
  readonly stopGroup?: (spec: ServiceSpec) => void
}

/** Why it ended unasked, and what is done about that. */
export type Trouble = NonNullable<ServiceStatus['trouble']>

interface Past {
  restarts: number
  /** How its last process ended. */
  ending: Ending | undefined
  trouble: Trouble | undefined
}

/** The lives of one service, one after the other, and what is done between them. */
export interface Course {
  readonly lives: Pick<Lives, 'spec' | 'life'>
  readonly past: Readonly<Past>
  /** Lives until somebody stops it, or nothing that can be done is left. */
  go(signal: AbortSignal, adopted: Adopted | undefined): Promise<void>
  /** Waits for what an earlier gilgul waited for, then goes on; undefined where there is nothing of the kind. */
  readonly resume: ((signal: AbortSignal) => Promise<void>) | undefined
  /** Ends the wait for a file to change. Returns false where it does not wait for one. */
  wake(): boolean
  /** Begins anew: a person wants it to be tried. */
  forget(): void
  legacy(): Pick<EstateEntry, 'birth' | 'restarts' | 'patience' | 'awaits' | 'rung'>
}

const STOPPED = 'It was stopped.'

/** Of one that nobody else has to do with. */
const ALONE = {
  needsRun: () => true,
  held: () => undefined,
  runRepair: async () => {},
  stopGroup: () => {},
}

export function createCourse(wanted: ServiceSpec, options: CourseOptions, condition: Condition): Course {
  const { before, needsRun, held, runRepair, stopGroup } = { ...ALONE, ...options }
  const { become } = condition
  const patience = createRestarts(wanted.restart, { ...options, patienceBefore: before?.patience })
  const lives = createLives(wanted, options, condition)
  const watch = createWatch(condition)
  const mending = createMending({
    ...{ spec: wanted, patience, rungBefore: before?.rung },
    canShrink: lives.canShrink,
    runRepair: (repair, cause, signal) => runRepair(lives.spec, repair, { cause, signal }),
  })
  const past: Past = { restarts: before?.restarts ?? 0, ending: undefined, trouble: undefined }

  async function go(signal: AbortSignal, adopted: Adopted | undefined): Promise<void> {
    for (let known = adopted; ; known = undefined) {
      const because = known ? undefined : held(lives.spec)
      if (because !== undefined) return become('waiting', because)
      const death = await untilDeath(lives.begin(known), signal, become)
      lives.end()
      if (death.isAsleep && !signal.aborted) return become('asleep', ASLEEP)
      past.ending = death.ending
      if (signal.aborted) return become('stopped', STOPPED)
      if (!(await mend(death, signal))) return
    }
  }

  /** Resolves with whether it is to be started again at once. */
  async function mend(death: Death, signal: AbortSignal): Promise<boolean> {
    const remedy = mending.after(death)
    const { step, told, cause, repairs, isLast } = remedy
    past.trouble = { cause, because: death.ending.sentence, repairs }
    if (!isLast) past.restarts += 1
    if (step === 'await-change') return await untilWorthIt(death.ending.paths, told, signal)
    if (step === 'shrink') lives.shrink()
    if (!isLast || remedy.programs.length > 0) {
      become('backoff', told)
      await mending.carryOut(remedy, death.ending, signal)
    }
    if (signal.aborted) return settle('stopped', STOPPED)
    if (step === 'stop-group') stopGroup(lives.spec)
    if (isLast) return settle('failed', told)
    return step !== 'await-needs' || needsRun(lives.spec) || settle('waiting', told)
  }

  const settle = (state: 'stopped' | 'failed' | 'waiting', because: string) => {
    become(state, because)
    return false
  }

  async function untilWorthIt(paths: readonly string[], told: string, signal: AbortSignal): Promise<boolean> {
    await watch.until(paths, told, signal)
    mending.forget()
    return signal.aborted ? settle('stopped', STOPPED) : true
  }

  async function resume(paths: readonly string[], told: string, signal: AbortSignal): Promise<void> {
    if (await untilWorthIt(paths, told, signal)) await go(signal, undefined)
  }

  const { failure, awaits = [] } = before ?? {}
  const isAwaiting = failure !== undefined && awaits.length > 0
  return {
    ...{ lives, past, go, wake: watch.wake, forget: mending.forget },
    resume: isAwaiting ? (signal: AbortSignal) => resume(awaits, failure, signal) : undefined,
    legacy() {
      const known = { birth: lives.birth, restarts: past.restarts, patience: patience.patience() }
      return { ...known, ...unfinished(mending.rung(), watch.paths()) }
    },
  }
}

function unfinished(rung: Rung | undefined, paths: readonly string[]): Pick<EstateEntry, 'awaits' | 'rung'> {
  return { ...(paths.length > 0 ? { awaits: [...paths] } : {}), ...(rung ? { rung } : {}) }
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
