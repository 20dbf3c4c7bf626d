import { setTimeout as sleep } from 'node:timers/promises'
import type { FailureCause } from '#protocol'
import { nextStep, type Rung, type Step, tellLadder, tellStep } from '../diagnosis/repairs.ts'
import { endOrphan, untilChanged, untilRoom } from './awaiting.ts'
import type { Ending } from './ending.ts'
import type { Death } from './life.ts'
import type { Restarts } from './restarts.ts'

/** What is done about one death. */
interface Remedy {
  readonly step: Step
  /** What happened, and what follows, for a person. */
  readonly told: string
  readonly cause: FailureCause
  /** All that is tried for that cause. */
  readonly repairs: string[]
  readonly pauseMs: number
}

export interface Mending {
  after(death: Death): Remedy
  /** Does what the remedy says, but for the start itself. Resolves when that may be tried, or the signal fires. */
  carryOut(remedy: Remedy, ending: Ending, signal: AbortSignal): Promise<void>
  rung(): Rung | undefined
  forget(): void
}

export interface MendingOptions {
  readonly patience: Restarts
  readonly healthyMs: number
  /** Whether it can be started with less than before. */
  readonly canShrink: () => boolean
  readonly rungBefore: Rung | undefined
}

/** What is said of one that died of these too often. Other causes stay what they are. */
const LOOPS: readonly FailureCause[] = ['crash', 'killed', 'unknown', 'hang']

/** Goes down the ladder of repairs, within the patience that there is. */
export function createMending({ patience, healthyMs, canShrink, rungBefore }: MendingOptions): Mending {
  let rung = rungBefore

  function decide({ ranMs, ending }: Death): Step {
    if (ranMs !== undefined && ranMs >= healthyMs) rung = undefined
    const means = {
      hasOrphan: ending.orphan !== undefined,
      canShrink: canShrink(),
      canWatch: ending.paths.length > 0,
    }
    const next = nextStep(ending.cause, rung, means)
    rung = next.rung
    // It could start before: whether it can again is best told by trying.
    const wasWell = ranMs !== undefined && (next.step === 'give-up' || next.step === 'await-change')
    return wasWell ? 'again' : next.step
  }

  return {
    after(death) {
      const { ending } = death
      const step = decide(death)
      const known = describe(ending)
      const remedy = (step: Step, told: string, cause = ending.cause, pauseMs = 0): Remedy => ({
        ...{ step, told, cause, pauseMs, repairs: tellLadder(cause) },
      })
      if (step === 'give-up') return remedy(step, known)
      if (step === 'await-change' || step === 'await-room') return remedy(step, `${known} ${tellStep(step)}`)
      const pauseMs = patience.pauseAfter(death)
      if (pauseMs !== undefined)
        return remedy(step, `${ending.sentence} ${tellStep(step)}`, ending.cause, pauseMs)
      const cause = LOOPS.includes(ending.cause) ? 'crash-loop' : ending.cause
      return remedy('give-up', `It died too often, and is not started again by itself. ${known}`, cause)
    },
    async carryOut({ step, pauseMs }, { orphan, paths, folders }, signal) {
      if (step === 'await-change') await untilChanged(paths, signal)
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

function describe({ sentence, code, advice }: Ending): string {
  return [sentence, code === undefined ? '' : ` [${code}]`, advice === '' ? '' : ` ${advice}`].join('')
}
