import { childPids, childStartTicks, type ExitStatus, reapChild } from '#kernel/sys'
import type { Identity } from '../identity.ts'

/** A process that had lost its parent has ended. */
export interface OrphanExit extends ExitStatus {
  readonly process: Identity
}

/** A gilgul that rises asks how those ended that died while there was none. */
const KEPT_MAX = 256
const AGAIN_MS = 1_000

export interface Reaper {
  /** The last ones, the oldest first. */
  readonly exits: readonly OrphanExit[]
  close(): void
}

/**
 * Takes the exit status of everything that dies as an orphan below this process, which is gilgul's services once their
 * gilgul is dead. `isOwn`: what Node has started itself, and waits for.
 */
export function createReaper(isOwn: (pid: number) => boolean, onExit: (exit: OrphanExit) => void): Reaper {
  const exits: OrphanExit[] = []
  let again: NodeJS.Timeout | undefined

  /** Where no descriptor is left to look with, it looks again. */
  function reap(): void {
    try {
      reapAll()
    } catch {
      again ??= setTimeout(() => {
        again = undefined
        reap()
      }, AGAIN_MS).unref()
    }
  }

  function reapAll(): void {
    for (const pid of childPids()) {
      const startTicks = childStartTicks(pid)
      const status = isOwn(pid) || startTicks === undefined ? undefined : reapChild(pid)
      if (status === undefined || startTicks === undefined) continue
      const exit = { process: { pid, startTicks }, ...status }
      exits.push(exit)
      if (exits.length > KEPT_MAX) exits.shift()
      onExit(exit)
    }
  }

  process.on('SIGCHLD', reap)
  return {
    exits,
    close() {
      clearTimeout(again)
      process.removeListener('SIGCHLD', reap)
    },
  }
}
