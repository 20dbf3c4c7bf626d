import { checkListener, refuseUnless } from '../segment/arguments.ts'
import type { Segment } from '../segment/segment.ts'
import { watchLife } from './bell.ts'
import type { MemberTable } from './members.ts'
import { rowOfStamp } from './stamp.ts'

function checkReceiver(to: string): string {
  refuseUnless(typeof to === 'string', 'A member is meant by its name or its address.')
  return to
}

interface Watched {
  readonly listeners: Set<{ readonly onLost: () => void }>
  endWatch(): void
}

/**
 * Tells of deaths. One pipe for each member that is watched, kept while both live. `beforeReport` is called first: what
 * the dead one had sent was sent before it died.
 */
export function createWatcher({ pipes }: Segment, table: MemberTable, beforeReport: () => void) {
  const watched = new Map<number, Watched>()

  function report(stamp: number): void {
    const entry = watched.get(stamp)
    if (entry === undefined) return
    watched.delete(stamp)
    table.watched.delete(stamp)
    entry.endWatch()
    beforeReport()
    for (const { onLost } of entry.listeners) onLost()
  }

  function start(stamp: number): Watched | undefined {
    try {
      const endWatch = watchLife(pipes, rowOfStamp(stamp), stamp >> 8, () => report(stamp))
      const entry = { listeners: new Set<{ readonly onLost: () => void }>(), endWatch }
      if (table.isAlive(stamp)) {
        watched.set(stamp, entry)
        table.watched.add(stamp)
        return entry
      }
      endWatch()
    } catch (error) {
      // Its pipe is removed when it has ended.
      if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error
    }
    return undefined
  }

  return {
    watch(to: string, onLost: () => void): () => void {
      checkListener(onLost)
      const stamp = table.resolve(checkReceiver(to))
      const entry = stamp === 0 ? undefined : (watched.get(stamp) ?? start(stamp))
      const listener = { onLost }
      if (entry === undefined) {
        let wanted = true
        queueMicrotask(() => wanted && onLost())
        return () => {
          wanted = false
        }
      }
      entry.listeners.add(listener)
      return () => void entry.listeners.delete(listener)
    },
    close(): void {
      for (const { endWatch } of watched.values()) endWatch()
      watched.clear()
      table.watched.clear()
    },
  }
}
