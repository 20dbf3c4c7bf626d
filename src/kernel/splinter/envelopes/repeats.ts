import type { Envelope } from '#protocol'

/** Calls within the time to live of one: far more than any service gets. About 400 KiB when it is full. */
const REMEMBERED_MAX = 4_096

/**
 * Knows a call that is put before this process a second time: whoever can write to the memory of the bus may copy what
 * is sealed there, and cannot change it. An expired call is refused elsewhere. So is one for the last life of a service:
 * the seal binds it to one, and where somebody had the memory count the lives anew, it is older than this one.
 *
 * Remembers so many calls. When it is full it forgets the oldest, and from then on takes all that are as old for
 * repeated, unless the clock was put back behind them.
 */
export function createRepeats(
  bornMs: number,
  rememberedMax = REMEMBERED_MAX,
): (query: Envelope, nowMs: number) => boolean {
  const sentAtOf = new Map<string, number>()
  let forgottenUntil = bornMs - 1
  return ({ id, sentAt }, nowMs) => {
    const isOld = sentAt <= forgottenUntil && forgottenUntil <= nowMs
    if (isOld || sentAtOf.has(id)) return true
    sentAtOf.set(id, sentAt)
    if (sentAtOf.size <= rememberedMax) return false
    for (const [oldest, oldestSentAt] of sentAtOf) {
      sentAtOf.delete(oldest)
      forgottenUntil = Math.max(forgottenUntil, oldestSentAt)
      break
    }
    return false
  }
}
