import { setTimeout as sleep } from 'node:timers/promises'
import type { FailureStep } from '#kernel/config'
import type { FailureCause } from '#protocol'
import { ladderOf, nextStep, type Rung, type Step, tellLadder, tellStep } from '../diagnosis/repairs.ts'
import type { ServiceSpec } from '../spec/spec.ts'
import { endOrphan, pauseBefore, untilChanged, untilRoom } from './awaiting.ts'
import type { Ending } from './ending.ts'
import type { Death } from './life.ts'
import type { Restarts } from './restarts.ts'

/** A program of the owner that is run because a service has died. */
export type Repair = Extract<FailureStep, object>

/** What is done about one death. */
interface Remedy {
  readonly step: Step
  /** What happened, and what follows, for a person. */
  readonly told: string
  readonly cause: FailureCause
  /** All that is tried for that cause. */
  readonly repairs: string[]
  readonly pauseMs: number
  /** Run first, one after the other. */
  readonly programs: readonly Repair[]
  /** Nothing is tried after it. */
  readonly isLast: boolean
}

export interface Mending {
  after(death: Death): Remedy
  /** Does what the remedy says, but for the start itself. Resolves when that may be tried, or the signal fires. */
  carryOut(remedy: Remedy, ending: Ending, signal: AbortSignal): Promise<void>
  rung(): Rung | undefined
  forget(): void
}

export interface MendingOptions {
  readonly spec: Pick<ServiceSpec, 'restart' | 'onFailure'>
  readonly patience: Restarts
  /** Whether it can be started with less than before. */
  readonly canShrink: () => boolean
  readonly rungBefore: Rung | undefined
  /** Never rejects. */
  readonly runRepair: (repair: Repair, cause: FailureCause, signal: AbortSignal) => Promise<void>
}

/** What is said of one that died of these too often. Other causes stay what they are. */
const LOOPS: readonly FailureCause[] = ['crash', 'killed', 'unknown', 'hang']

/** These do not count towards what is borne: they wait for something, or are the end. */
const UNCOUNTED: readonly Step[] = [
  'give-up',
  'stop-group',
  'await-change',
  'await-room',
  'await-system',
  'await-pause',
]
const LAST: readonly Step[] = ['give-up', 'stop-group']

/** Goes down the ladder of repairs, within the patience that there is. */
export function createMending(options: MendingOptions): Mending {
  const { patience, canShrink, rungBefore } = options
  const { restart, onFailure } = options.spec
  let rung = rungBefore

  function decide({ ranMs, ending }: Death): { step: Step; programs: readonly Repair[] } {
    if (ranMs !== undefined && ranMs >= restart.healthyMs) rung = undefined
    const means = {
      hasOrphan: ending.orphan !== undefined,
      canShrink: canShrink(),
      canWatch: ending.paths.length > 0,
      wasRefused: ending.wasRefused === true,
    }
    const next = nextStep(ending.cause, rung, means, onFailure)
    rung = next.rung
    if (next.written !== undefined) return { step: next.step, programs: programsOf([next.written]) }
    // It could start before: whether it can again is best told by trying.
    const wasWell = ranMs !== undefined && (next.step === 'give-up' || next.step === 'await-change')
    return { step: wasWell ? 'again' : next.step, programs: [] }
  }

  /** It died more often than is borne. */
  function tooOften(ending: Ending): Remedy {
    const cause = LOOPS.includes(ending.cause) ? 'crash-loop' : ending.cause
    const written = cause === 'crash-loop' ? (ladderOf(cause, onFailure) ?? []) : []
    const step = written.includes('stop-group') ? 'stop-group' : 'give-up'
    const told = `It died too often. ${tellStep(step)} ${describe(ending)}`
    return {
      ...{ step, told, cause, pauseMs: 0, programs: programsOf(written), isLast: true },
      repairs: tellLadder(cause, onFailure),
    }
  }

  return {
    after(death) {
      const { ending } = death
      const { cause, sentence } = ending
      const { step, programs } = decide(death)
      const remedy = (told: string, pauseMs: number): Remedy => ({
        ...{ step, told, cause, pauseMs, programs, isLast: LAST.includes(step) },
        repairs: tellLadder(cause, onFailure),
      })
      if (step === 'give-up') return remedy(describe(ending), 0)
      if (UNCOUNTED.includes(step))
        return remedy(
          `${describe(ending)} ${tellStep(step)}`,
          step === 'await-pause' ? restart.pauseMaxMs : 0,
        )
      const pauseMs = patience.pauseAfter(death)
      return pauseMs === undefined ? tooOften(ending) : remedy(`${sentence} ${tellStep(step)}`, pauseMs)
    },
    async carryOut({ step, pauseMs, programs, isLast, cause }, { orphan, paths, folders }, signal) {
      for (const program of programs) await options.runRepair(program, cause, signal)
      if (isLast) return
      if (step === 'await-change') await untilChanged(paths, signal)
      else if (step === 'await-system') await pauseBefore((rung?.taken ?? 1) - 1, signal)
      else if (step === 'await-room') await untilRoom(folders, (rung?.taken ?? 1) - 1, signal)
      else {
        if (step === 'end-orphan' && orphan) await endOrphan(orphan, signal)
        await sleep(pauseMs, undefined, { signal }).catch(() => {})
      }
    },
    rung: () => rung,
    forget() {
      rung = undefined
      patience.forget()
    },
  }
}

function programsOf(written: readonly FailureStep[]): Repair[] {
  return written.filter((step) => typeof step === 'object')
}

function describe({ sentence, code, advice }: Ending): string {
  return [sentence, code === undefined ? '' : ` [${code}]`, advice === '' ? '' : ` ${advice}`].join('')
}
