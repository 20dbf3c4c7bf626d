import { RunaError } from '#protocol'
import { formatBytes, type Memory, reserveBytes } from '../machine.ts'

/** A model that is loaded, and could make room. */
export interface Loaded {
  readonly id: string
  readonly isIdle: boolean
  /** Weights, while it is loaded. They are read through the cache of files, so that the system counts them as free. */
  readonly mappedBytes: number
  readonly usedAtMs: number
  unload(): Promise<void>
}

export interface Admission {
  /**
   * Runs `load` once there is room for it, one at a time, since what is being loaded does not show in the free memory
   * yet. Models that nobody uses make room, the longest idle first. Where none is left, `leastBytes` have to do. Rejects
   * with MODEL_TOO_LARGE, with the numbers.
   */
  admit<Result>(
    what: string,
    needsBytes: number,
    load: () => Promise<Result>,
    leastBytes?: number,
  ): Promise<Result>
}

export function createAdmission(
  readMemory: () => Promise<Memory>,
  loaded: () => readonly Loaded[],
): Admission {
  let last: Promise<unknown> = Promise.resolve()

  async function makeRoom(what: string, needsBytes: number, leastBytes: number): Promise<void> {
    for (;;) {
      const memory = await readMemory()
      const reserve = reserveBytes(memory)
      const mappedBytes = loaded().reduce((sum, model) => sum + model.mappedBytes, 0)
      const freeBytes = Math.max(0, memory.freeBytes - mappedBytes)
      if (needsBytes <= freeBytes - reserve) return
      const [longestIdle] = loaded()
        .filter((model) => model.isIdle)
        .sort((a, b) => a.usedAtMs - b.usedAtMs)
      if (!longestIdle && leastBytes <= freeBytes - reserve) return
      if (!longestIdle) throw tooLarge(what, needsBytes, freeBytes, reserve)
      await longestIdle.unload()
    }
  }

  return {
    admit(what, needsBytes, load, leastBytes = needsBytes) {
      const admitted = last.then(async () => {
        await makeRoom(what, needsBytes, leastBytes)
        return await load()
      })
      last = admitted.catch(() => {})
      return admitted
    },
  }
}

function tooLarge(what: string, needsBytes: number, freeBytes: number, reserve: number): RunaError {
  const numbers = `${formatBytes(needsBytes)}; ${formatBytes(freeBytes)} is free, of which ${formatBytes(reserve)} stays`
  return new RunaError('MODEL_TOO_LARGE', `${what} needs about ${numbers} reserved for everything else.`)
}
