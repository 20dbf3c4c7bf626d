import { RunaError } from '#protocol'
import type { Wiring } from '../seat/wiring.ts'
import { refuseUnless } from '../segment/arguments.ts'
import type { WaitOptions } from '../topics/publisher.ts'
import type { Ring } from '../topics/ring.ts'

const TIMEOUT_MS = 5_000
/** A consumer that made room may be killed before it says so, and a dead one says nothing: so look again. */
const RECHECK_MS = 100

/**
 * Tries until it succeeds, each time that there is room in the ring: true then, and false after `timeoutMs`. Rejects
 * with what trying throws, and with CANCELLED by the signal.
 */
export async function waitForRoom(
  wiring: Pick<Wiring, 'pump'>,
  attempt: () => boolean,
  ring: () => Ring,
  { timeoutMs = TIMEOUT_MS, signal }: WaitOptions,
): Promise<boolean> {
  refuseUnless(timeoutMs >= 0, `A wait lasts 0 ms or more, not ${timeoutMs}.`)
  const endMs = performance.now() + timeoutMs
  for (;;) {
    if (signal?.aborted) throw new RunaError('CANCELLED', undefined, { cause: signal.reason })
    const full = ring()
    full.askForSpace()
    if (attempt()) return true
    const leftMs = endMs - performance.now()
    if (leftMs <= 0) return false
    await roomOrTime(wiring, full, Math.min(RECHECK_MS, leftMs), signal)
  }
}

function roomOrTime(
  { pump }: Pick<Wiring, 'pump'>,
  ring: Ring,
  atMostMs: number,
  signal: AbortSignal | undefined,
): Promise<void> {
  return new Promise((resolve) => {
    const isThere = () => !ring.isSpaceWanted()
    const timer = setTimeout(finish, atMostMs)
    signal?.addEventListener('abort', finish, { once: true })
    const endSource = pump.add({
      hasWork: isThere,
      drain() {
        if (!isThere()) return false
        finish()
        return true
      },
    })
    function finish(): void {
      clearTimeout(timer)
      signal?.removeEventListener('abort', finish)
      endSource()
      resolve()
    }
  })
}
