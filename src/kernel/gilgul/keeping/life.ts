import { isPaused } from '#kernel/sys'
import { monotonicMs } from '../clock.ts'
import type { Verdict } from '../diagnosis/evidence.ts'
import type { Manner } from '../diagnosis/examiner.ts'
import type { Identity } from '../identity.ts'
import { type ServiceSpec, sleepsAfterMs } from '../spec/spec.ts'
import type { Ending } from './ending.ts'
import type { Launch, LaunchedProcess } from './launch.ts'
import { awaitReadiness } from './readiness.ts'

export interface LifeOptions {
  readonly launch: Launch
  readonly explain: (spec: ServiceSpec, process: LaunchedProcess, manner: Manner) => Ending | Promise<Ending>
  readonly nowMs?: () => number
}

/** One process of a service, from its start to its death. */
export interface Life {
  readonly process: Identity | undefined
  readonly logStart: number
  /** By `monotonicMs`; undefined before it was ready. */
  readyAtMs(): number | undefined
  /** Since it was ready; 0 before. */
  uptimeMs(): number
  /** Takes a sign of life of the process. Returns true for the first, which says that it is ready. */
  heard(): boolean
  /** Counts a beat without a sign of life. Too many, and the process is taken for hung, and ended. */
  missBeat(): void
  /** Takes it for hung, and ends it. */
  condemn(sentence: string): void
  /** Asks it to end, and forces it after a while. */
  end(): void
  readonly ended: Promise<Death>
}

export interface Death {
  /** How long it ran; undefined where it was never ready. */
  readonly ranMs: number | undefined
  readonly ending: Ending
  /** It ended by itself, since nobody called it. */
  readonly isAsleep: boolean
}

/** What hangs does not hear the wish to end either. */
const CONDEMNED_MS = 1_000

/** What is known of a process that is there already. */
export interface Adopted {
  readonly process: LaunchedProcess
  /** Undefined where it was not ready when the gilgul died that had started it. */
  readonly readyAtMs: number | undefined
}

/** `born`: the number of a start, or a process that an earlier gilgul has started. */
export function beginLife(
  spec: ServiceSpec,
  options: LifeOptions,
  born: number | Adopted,
  onSlow: (sentence: string) => void = () => {},
): Life {
  const { launch, explain, nowMs = monotonicMs } = options
  const isAdopted = typeof born !== 'number'
  const process = isAdopted ? born.process : launch(spec, born)
  let readyAtMs = isAdopted ? born.readyAtMs : undefined
  let missedBeats = 0
  /** Why it is ended by force of ours. */
  let verdict: Verdict | undefined
  let force: NodeJS.Timeout | undefined

  function end(withinMs = spec.stopMs): void {
    process.end()
    force ??= setTimeout(process.kill, withinMs).unref()
  }

  function condemn(kind: Verdict['kind'], sentence: string): void {
    const wasPaused = process.process !== undefined && isPaused(process.process.pid)
    verdict ??= { kind, sentence, wasPaused }
    // Who is paused hears nothing.
    end(wasPaused ? 0 : Math.min(spec.stopMs, CONDEMNED_MS))
  }

  const stopWaiting =
    readyAtMs === undefined
      ? awaitReadiness(process.process?.pid, spec.readyMs, {
          onSlow,
          onLate: (sentence) => condemn('late', sentence),
        })
      : () => {}

  async function untilDeath(): Promise<Death> {
    const exit = await process.exited
    stopWaiting()
    clearTimeout(force)
    const ranMs = readyAtMs === undefined ? undefined : nowMs() - readyAtMs
    const ending = await explain(spec, process, { exit, verdict, wasReady: readyAtMs !== undefined })
    const isAsleep = sleepsAfterMs(spec) !== undefined && ranMs !== undefined && exit.code === 0 && !verdict
    return { ranMs, ending, isAsleep }
  }

  return {
    process: process.process,
    logStart: process.logStart,
    readyAtMs: () => readyAtMs,
    uptimeMs: () => (readyAtMs === undefined ? 0 : Math.round(nowMs() - readyAtMs)),
    heard() {
      missedBeats = 0
      if (readyAtMs !== undefined || verdict !== undefined) return false
      stopWaiting()
      readyAtMs = nowMs()
      return true
    },
    missBeat() {
      if (readyAtMs === undefined || verdict !== undefined) return
      missedBeats += 1
      if (missedBeats > spec.missedBeatsMax)
        condemn('silent', `It had fallen silent for ${spec.missedBeatsMax} s.`)
    },
    condemn: (sentence) => condemn('silent', sentence),
    end: () => end(),
    ended: untilDeath(),
  }
}
