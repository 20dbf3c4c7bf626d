import { type Identity, isAlive } from '../identity.ts'
import type { Exit } from '../keeping/launch.ts'
import type { OrphanExit } from '../reaper.ts'

/** The ancestor tells how an orphan ended within moments of its death. */
const TOLD_WITHIN_LOOKS = 2

/** How services end whose parent gilgul is not: an earlier gilgul started them. */
export interface OrphanExits {
  /** Takes what the ancestor tells. */
  hear(exit: OrphanExit): void
  /** Resolves once that process has ended; code and signal are null where nobody can tell how. Never rejects. */
  of(process: Identity): Promise<Exit>
  /** Looks for those that are gone without word. To be called at each beat. */
  look(): void
}

export function createOrphanExits(isThere: (process: Identity) => boolean = isAlive): OrphanExits {
  const known = new Map<string, Exit>()
  const awaited = new Map<
    string,
    { readonly process: Identity; settle: (exit: Exit) => void; looks: number }
  >()

  function settle(key: string, exit: Exit): void {
    awaited.get(key)?.settle(exit)
    awaited.delete(key)
  }

  return {
    hear(exit) {
      const key = keyOf(exit.process)
      known.set(key, exit)
      settle(key, exit)
    },
    of(process) {
      const key = keyOf(process)
      const exit = known.get(key)
      if (exit) return Promise.resolve(exit)
      return new Promise((resolve) => awaited.set(key, { process, settle: resolve, looks: 0 }))
    },
    look() {
      for (const [key, one] of awaited) {
        if (isThere(one.process)) continue
        one.looks += 1
        if (one.looks >= TOLD_WITHIN_LOOKS) settle(key, { code: null, signal: null })
      }
    },
  }
}

function keyOf({ pid, startTicks }: Identity): string {
  return `${pid} ${startTicks}`
}
