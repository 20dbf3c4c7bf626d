import { watch } from 'node:fs'
import { type LogLine, mergeLogLines } from './log-line.ts'
import { findLogs, type LogSource } from './log-source.ts'

/** Lines that come together are put in order; nobody notices so short a wait. */
const GATHER_MS = 50

export interface FollowOptions {
  readonly folder: string
  readonly sources: readonly LogSource[]
  /** Also of services that begin to write meanwhile. */
  readonly takesNew: boolean
  readonly show: (lines: readonly LogLine[]) => void
}

/** Shows what is added. Resolves to the exit code: on Ctrl-C, or once nobody reads any more. */
export async function followLogs({ folder, sources, takesNew, show }: FollowOptions): Promise<number> {
  const followed = new Map(sources.map((source) => [source.path, source]))
  let gathering: NodeJS.Timeout | undefined
  // Heard before anything is followed: who has seen a new line may already want no more.
  const stopped = new Promise<number>((resolve) => {
    for (const signal of ['SIGINT', 'SIGTERM']) process.once(signal, () => resolve(130))
    process.stdout.once('error', () => resolve(0))
  })

  function look(): void {
    gathering = undefined
    for (const source of takesNew ? findLogs(folder) : []) {
      if (!followed.has(source.path)) followed.set(source.path, source)
    }
    show(mergeLogLines([...followed.values()].map((source) => source.readNew())))
  }

  const watcher = watch(folder, () => {
    gathering ??= setTimeout(look, GATHER_MS)
  })
  // What was written between the first look and the watching.
  look()
  const status = await stopped
  clearTimeout(gathering)
  watcher.close()
  return status
}
