import { type FSWatcher, watch } from 'node:fs'
import { basename, join } from 'node:path'
import type { HomePaths } from '#kernel/home'

export interface PlanWatchOptions {
  readonly paths: Pick<HomePaths, 'home' | 'config'>
  /** Of what is in force. */
  readonly digest: string
  /** Of what is written now. Rejects where that is wrong, with what is. */
  readonly read: () => Promise<string>
  /** Something else is written than is in force, and it is right. */
  readonly onChanged: () => void
  /** What is wrong with the files; undefined once nothing is any more. Told once each. */
  readonly onFault: (sentence: string | undefined) => void
  /** What was wrong already when the watch began. */
  readonly fault?: string | undefined
  /** Default: true. Else they are read only when `look` is called. */
  readonly isWatching?: boolean
  /** Says that files are not watched. */
  readonly onBlind: (error: unknown) => void
  readonly settleMs?: number
}

export interface PlanWatch {
  /** Has the files read anew once nothing more happens to them for a while. */
  look(): void
  end(): void
}

/** Editors write in several steps, and people save several files. */
const SETTLE_MS = 1_000

/** Watches runa.yaml and `services/*.yaml`, also where neither is there yet. */
export function watchPlan(options: PlanWatchOptions): PlanWatch {
  const { digest, read, onChanged, onFault, isWatching = true, settleMs = SETTLE_MS } = options
  let timer: NodeJS.Timeout | undefined
  let told = options.fault
  let isOver = false

  function look(): void {
    clearTimeout(timer)
    if (!isOver) timer = setTimeout(() => void readNow(), settleMs)
  }

  async function readNow(): Promise<void> {
    const { fault, written } = await read().then(
      (found) => ({ fault: undefined, written: found }),
      (error: unknown) => ({
        fault: error instanceof Error ? error.message : String(error),
        written: digest,
      }),
    )
    if (isOver) return
    if (fault !== told) onFault(fault)
    told = fault
    if (written !== digest) onChanged()
  }

  const endWatching = isWatching ? watchFiles(options, look) : () => {}
  return {
    look,
    end() {
      isOver = true
      clearTimeout(timer)
      endWatching()
    },
  }
}

/** Folders, not files: an editor puts another file in the place of the one before. */
function watchFiles({ paths, onBlind }: PlanWatchOptions, look: () => void): () => void {
  const folder = join(paths.home, 'services')
  const watchers = new Map<string, FSWatcher>()

  function watchFolder(path: string, isMeant: (name: string) => boolean): void {
    watchers.get(path)?.close()
    watchers.delete(path)
    try {
      const watcher = watch(path, { persistent: false }, (_, name) => {
        if (name === null || isMeant(name)) look()
        if (path === paths.home && name === basename(folder)) watchServices()
      })
      watcher.on('error', onBlind)
      watchers.set(path, watcher)
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'ENOENT') onBlind(error)
    }
  }

  const watchServices = () => watchFolder(folder, (name) => name.endsWith('.yaml'))

  watchFolder(paths.home, (name) => [basename(paths.config), basename(folder)].includes(name))
  watchServices()
  return () => {
    for (const watcher of watchers.values()) watcher.close()
  }
}
