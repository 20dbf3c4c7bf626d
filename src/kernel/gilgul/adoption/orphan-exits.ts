import { type ExitStatus, openProcess, type ProcessHandle, parentPid } from '#kernel/sys'
import type { OrphanExit } from '../ancestry/reaper.ts'
import { type Identity, isAlive } from '../identity.ts'

/** How services end whose parent gilgul is not: an earlier gilgul started them. */
export interface OrphanExits {
  /** Takes what the ancestor tells. */
  hear(exit: OrphanExit): void
  /** Resolves once that process has ended; code and signal are null where nobody can tell how. Never rejects. */
  of(process: Identity): Promise<ExitStatus>
}

/** What it takes to look at a process; tests have their own. */
export interface Eyes {
  readonly isThere: (process: Identity) => boolean
  /** The ancestor is its parent, and will tell how it ended. */
  readonly isTold: (process: Identity) => boolean
  readonly open: (pid: number) => ProcessHandle | undefined
  readonly lookEveryMs: number
}

const EYES: Eyes = {
  isThere: isAlive,
  isTold: ({ pid }) => parentPid(pid) === process.ppid,
  open: openProcess,
  lookEveryMs: 100,
}

/** Word of the ancestor comes within moments, on a busy machine within a second. */
const WORDLESS_LOOKS_MAX = 10
/** Where nobody will tell, or the ancestor would have told by now, waiting only delays the next start. */
const HOPELESS_LOOKS_MAX = 3
/** As many as the ancestor keeps: a program that leaves its children behind, again and again, must not fill gilgul's memory. */
const KNOWN_MAX = 256
const UNKNOWN: ExitStatus = { code: null, signal: null }

export function createOrphanExits(eyes: Partial<Eyes> = {}): OrphanExits {
  const { isThere, isTold, open, lookEveryMs } = { ...EYES, ...eyes }
  const known = new Map<string, ExitStatus>()
  const awaited = new Map<string, (exit: ExitStatus) => void>()

  /**
   * Looks at it now and then: nobody tells of a process that neither gilgul nor the ancestor waits for. Its parent is
   * process 1, since an earlier coven died.
   */
  function watch(process: Identity, settle: (exit: ExitStatus) => void): NodeJS.Timeout {
    const willBeTold = isTold(process)
    const handle = willBeTold ? undefined : open(process.pid)
    // Another process may have come by its number before the handle was there.
    const isSame = isThere(process)
    const looksMax = willBeTold && isSame ? WORDLESS_LOOKS_MAX : HOPELESS_LOOKS_MAX
    let looks = 0
    const timer = setInterval(() => {
      if (isThere(process)) return
      looks += 1
      const exit = isSame ? handle?.exitStatus() : undefined
      if (exit === undefined && looks < looksMax) return
      handle?.close()
      settle(exit ?? UNKNOWN)
    }, lookEveryMs)
    return timer.unref()
  }

  return {
    hear(exit) {
      const key = keyOf(exit.process)
      known.set(key, exit)
      const [oldest] = known.keys()
      if (known.size > KNOWN_MAX && oldest !== undefined) known.delete(oldest)
      awaited.get(key)?.(exit)
    },
    of(process) {
      const key = keyOf(process)
      const exit = known.get(key)
      if (exit) return Promise.resolve(exit)
      return new Promise((resolve) => {
        let timer: NodeJS.Timeout | undefined
        function settle(end: ExitStatus): void {
          clearInterval(timer)
          awaited.delete(key)
          resolve(end)
        }
        awaited.set(key, settle)
        timer = watch(process, settle)
      })
    },
  }
}

function keyOf({ pid, startTicks }: Identity): string {
  return `${pid} ${startTicks}`
}
