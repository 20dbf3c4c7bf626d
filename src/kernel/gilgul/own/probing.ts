import { milliseconds, type Probe } from '#kernel/config'
import { monotonicMs } from '../clock.ts'
import type { Keeper } from '../keeping/keeper.ts'
import { askProbe, type ProbeSurroundings } from './ask-probe.ts'

export interface ProbingOptions {
  readonly keepers: () => readonly Keeper[]
  readonly surroundings: (keeper: Keeper) => ProbeSurroundings
}

const LOOK_MS = 250

/** What is known of a process by asking it. */
interface Asked {
  /** Undefined before it was asked. */
  lastMs: number | undefined
  isBeingAsked: boolean
  /** In a row, since it was ready. */
  failures: number
}

/**
 * Asks services whether they are well: the owner's own, which have no heartbeat on the bus, and those whose description
 * wants more than a heartbeat. It knows nothing of how they were started, so that adopted ones are asked as well. Returns how
 * to end it.
 */
export function startProbing({ keepers, surroundings }: ProbingOptions): () => void {
  const known = new Map<number, Asked>()

  async function ask(keeper: Keeper, pid: number, asked: Asked, probe: Probe): Promise<void> {
    asked.lastMs = monotonicMs()
    asked.isBeingAsked = true
    const isWell = await askProbe(probe, surroundings(keeper))
    asked.isBeingAsked = false
    const { process, state } = keeper.standing()
    if (process?.pid !== pid) return
    if (isWell && state === 'starting') keeper.heard()
    asked.failures = isWell || state !== 'running' ? 0 : asked.failures + 1
    if (asked.failures > probe.failuresMax) keeper.hung(sayFailures(asked.failures, probe))
  }

  function look(): void {
    const present = new Set<number>()
    for (const keeper of keepers()) {
      const { process, state } = keeper.standing()
      if (process === undefined) continue
      present.add(process.pid)
      // Who is not on the bus has no heartbeat, and is well until its probe says otherwise.
      const beatsForItself = keeper.spec.command === undefined
      const probe = probeOf(keeper)
      if (!beatsForItself && (state === 'running' || probe === undefined)) keeper.heard()
      if (probe === undefined) continue
      const asked = known.get(process.pid) ?? { lastMs: undefined, isBeingAsked: false, failures: 0 }
      known.set(process.pid, asked)
      if (!asked.isBeingAsked && isDue(asked, probe, state === 'running'))
        void ask(keeper, process.pid, asked, probe)
    }
    for (const pid of known.keys()) if (!present.has(pid)) known.delete(pid)
  }

  const timer = setInterval(look, LOOK_MS)
  return () => clearInterval(timer)
}

function probeOf({ spec, standing }: Keeper): Probe | undefined {
  const { command, readiness, liveness } = spec
  if (standing().state === 'running') return liveness
  // A service on the bus is ready with its first heartbeat, unless its description says otherwise.
  return readiness ?? (command === undefined ? undefined : liveness)
}

/** One that has failed is asked again sooner, so that a hang is found within two periods. */
function isDue({ lastMs, failures }: Asked, probe: Probe, isRunning: boolean): boolean {
  if (lastMs === undefined || !isRunning) return true
  const { periodSeconds, timeoutSeconds } = probe
  const pauseSeconds = failures === 0 ? periodSeconds : Math.min(periodSeconds, timeoutSeconds)
  return monotonicMs() - lastMs >= milliseconds(pauseSeconds)
}

function sayFailures(failures: number, { http, inference, timeoutSeconds }: Probe): string {
  const how = http ? 'over HTTP' : inference ? 'for a token' : 'by a program'
  return `It was asked ${failures} times in a row how it is, ${how}, and did not say within ${timeoutSeconds} s that it is well.`
}
