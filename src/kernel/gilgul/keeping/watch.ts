import { untilChanged } from './awaiting.ts'
import type { Condition } from './condition.ts'

/** The wait of a service that has failed until one of its files changes, or somebody wants it to be tried. */
export interface Watch {
  /** That it waits for; empty while it does not wait. */
  paths(): readonly string[]
  /** Resolves when it may be tried, or the signal fires. */
  until(paths: readonly string[], told: string, signal: AbortSignal): Promise<void>
  /** Ends the wait. Returns false where there is none. */
  wake(): boolean
}

export function createWatch({ become }: Condition): Watch {
  let waking: AbortController | undefined
  let awaited: readonly string[] = []
  return {
    paths: () => awaited,
    async until(paths, told, signal) {
      waking = new AbortController()
      awaited = paths
      become('failed', told)
      await untilChanged(paths, AbortSignal.any([signal, waking.signal]))
      waking = undefined
      awaited = []
    },
    wake() {
      const awake = waking
      if (!awake) return false
      waking = undefined
      become('waiting', 'It is about to be started again.')
      awake.abort()
      return true
    },
  }
}
