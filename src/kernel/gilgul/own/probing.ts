import { milliseconds } from '#kernel/config'
import { monotonicMs } from '../clock.ts'
import type { Keeper } from '../keeping/keeper.ts'
import { askProbe, type ProbeSurroundings } from './ask-probe.ts'

export interface ProbingOptions {
  readonly keepers: () => readonly Keeper[]
  readonly surroundings: (keeper: Keeper) => ProbeSurroundings
}

const LOOK_MS = 250

/**
 * Asks the owner's own services whether they are well, since they have no heartbeat on the bus. It knows nothing of how
 * they were started, so that adopted ones are asked as well. Returns how to end it.
 */
export function startProbing({ keepers, surroundings }: ProbingOptions): () => void {
  /** By process: when it was asked last. */
  const asked = new Map<number, number>()
  const asking = new Set<number>()

  async function ask(keeper: Keeper, pid: number): Promise<void> {
    const { probe } = keeper.spec
    if (probe === undefined) return keeper.heard()
    asked.set(pid, monotonicMs())
    asking.add(pid)
    const isWell = await askProbe(probe, surroundings(keeper))
    asking.delete(pid)
    if (isWell && keeper.standing().process?.pid === pid) keeper.heard()
  }

  function look(): void {
    const present = new Set<number>()
    for (const keeper of keepers()) {
      const { process, state } = keeper.standing()
      if (keeper.spec.command === undefined || process === undefined) continue
      present.add(process.pid)
      const periodMs = state === 'running' ? milliseconds(keeper.spec.probe?.periodSeconds ?? 1) : 0
      const isDue = monotonicMs() - (asked.get(process.pid) ?? Number.NEGATIVE_INFINITY) >= periodMs
      if (isDue && !asking.has(process.pid)) void ask(keeper, process.pid)
    }
    for (const pid of asked.keys()) if (!present.has(pid)) asked.delete(pid)
  }

  const timer = setInterval(look, LOOK_MS)
  return () => clearInterval(timer)
}
