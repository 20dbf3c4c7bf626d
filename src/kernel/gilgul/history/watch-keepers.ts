import type { ServiceState } from '#protocol'
import { monotonicMs } from '../clock.ts'
import type { Keeper } from '../keeping/keeper.ts'
import type { Told } from './history.ts'

export interface KeeperWatch {
  /** To be called at each change of a service. */
  look(keeper: Keeper): void
}

interface Seen {
  readonly state: ServiceState
  readonly pid: number | undefined
  readonly birth: number
  /** When its process was there, by `monotonicMs`. */
  readonly sinceMs: number
}

export interface KeeperWatchOptions {
  /** The number of the last start of each service under an earlier gilgul. */
  readonly birthsBefore: ReadonlyMap<string, number>
  readonly tell: (told: Told) => void
  readonly nowMs?: () => number
}

/** Tells happenings from changes of state. */
export function watchKeepers({ birthsBefore, tell, nowMs = monotonicMs }: KeeperWatchOptions): KeeperWatch {
  const seen = new Map<string, Seen>()

  /** Whether its present process was there before this gilgul was. */
  const isAdopted = (name: string, birth: number) => !seen.has(name) && birthsBefore.get(name) === birth

  return {
    look(keeper) {
      const { state, process, reason, ending, trouble } = keeper.standing()
      const { name } = keeper.spec
      const { birth } = keeper.legacy()
      const before = seen.get(name)
      if (before?.state === state && before.birth === birth) return
      const base = { service: name, birth, ...pidOf(process?.pid ?? before?.pid) }
      const sinceMs = before?.birth === birth ? before.sinceMs : nowMs()
      const durationMs = Math.round(nowMs() - sinceMs)

      if (state === 'starting' || state === 'running') {
        if (isAdopted(name, birth)) tell({ ...base, kind: 'adopted', text: reason })
        else if (state === 'starting') tell({ ...base, kind: 'started', text: 'It was started.' })
        else tell({ ...base, kind: 'ready', text: 'It is ready.', durationMs })
      }
      if ((state === 'backoff' || state === 'failed') && ending !== undefined && before !== undefined) {
        const code = ending.code === undefined ? {} : { code: ending.code }
        const { cause } = ending
        tell({ ...base, kind: 'died', text: ending.sentence, durationMs, cause, ...code })
      }
      // What is done about it stands behind why: each step on the ladder of that cause is an entry.
      if (state === 'backoff' && trouble !== undefined)
        tell({ ...base, kind: 'repaired', text: reason, cause: trouble.cause })
      if (state === 'failed')
        tell({ ...base, kind: 'given-up', text: reason, ...(trouble ? { cause: trouble.cause } : {}) })
      if (state === 'asleep' && before !== undefined)
        tell({ ...base, kind: 'slept', text: reason, durationMs })
      if (state === 'stopped' && before !== undefined && before.state !== 'waiting')
        tell({ ...base, kind: 'stopped', text: reason })
      if (state !== 'waiting') seen.set(name, { state, birth, sinceMs, pid: process?.pid ?? before?.pid })
    },
  }
}

function pidOf(pid: number | undefined): { pid?: number } {
  return pid === undefined ? {} : { pid }
}
