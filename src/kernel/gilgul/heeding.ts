import type { HomePaths } from '#kernel/home'
import type { Told } from './history/history.ts'
import { note } from './note.ts'
import type { StandingPlan } from './own/last-plan.ts'
import { watchPlan } from './own/plan-watch.ts'

/** How gilgul follows what is written in runa.yaml and `services/*.yaml`. */
export interface Heeding {
  /** Why what is written now is not in force. */
  fault(): string | undefined
  /** Rejects with CONFIG_INVALID, and changes nothing then; else this gilgul is about to give way. */
  apply(): Promise<void>
  end(): void
}

export interface HeedingOptions {
  readonly paths: HomePaths
  readonly plan: StandingPlan
  readonly stopping: AbortSignal
  readonly tell: (told: Told) => void
}

/** Until an answer is under way, and what was told is on the disk. */
const GIVE_WAY_MS = 50

/**
 * Gives way to a gilgul that has read the files once they were changed, by `apply`, SIGHUP, or when it sees that, unless
 * runa.yaml does not want it to. A mistake in them is told, and changes nothing.
 */
export function heedFiles(options: HeedingOptions): Heeding {
  const { paths, plan, stopping, tell } = options
  let fault = plan.fault

  function say(told: Pick<Told, 'kind' | 'text'>): void {
    note('files', told.text)
    tell({ service: 'gilgul', pid: process.pid, ...told })
  }

  function give(): void {
    if (stopping.aborted) return
    say({ kind: 'respecified', text: 'Files were changed: a gilgul that has read them takes its place.' })
    // As if it were killed, which every gilgul has to bear, so that there is no second way of handing on.
    setTimeout(() => stopping.aborted || process.kill(process.pid, 'SIGKILL'), GIVE_WAY_MS)
  }

  const sayFault = (sentence: string) =>
    say({ kind: 'not-applied', text: `Files are wrong, and nothing was changed. ${sentence}` })
  if (fault !== undefined) sayFault(fault)
  const { look, end } = watchPlan({
    ...{ paths, digest: plan.digest, fault, isWatching: plan.config.gilgul.watch },
    read: plan.reread,
    onChanged: give,
    onFault(sentence) {
      fault = sentence
      if (sentence !== undefined) sayFault(sentence)
    },
    onBlind: (error) => note('files', `They are not watched: ${error}`),
  })
  process.on('SIGHUP', look)
  return {
    fault: () => fault,
    async apply() {
      await plan.reread()
      give()
    },
    end() {
      process.removeListener('SIGHUP', look)
      end()
    },
  }
}
