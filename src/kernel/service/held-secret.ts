import { keepSecret, wipe } from '#kernel/seal'
import { sinceBootMs } from '#kernel/sys'
import type { LeasedSecrets } from './secrets.ts'

/** Timers do not run while the machine sleeps. So soon after it wakes, what ended meanwhile is forgotten. */
const LOOK_EVERY_MS = 30_000

/** A secret that a service goes on using: it is forgotten when its lease ends, and asked for again when it is next needed. */
export interface HeldSecret {
  /** A copy, which the caller wipes. Rejects as `Secrets.reveal` does: then it may not be used any more. */
  use(): Promise<Buffer>
  /** Forgets it. */
  close(): void
}

interface Held {
  readonly value: Buffer
  readonly lease: string
  readonly endsAtMs: number
}

/** `nowMs`: a clock that goes on while the machine sleeps, and that nobody can set. */
export function holdSecret(
  secrets: Pick<LeasedSecrets, 'lease' | 'onLeaseEnd'>,
  name: string,
  nowMs: () => number = sinceBootMs,
): HeldSecret {
  let held: Held | undefined
  let timer: NodeJS.Timeout | undefined
  /** Calls that wait for an answer, and the leases that ended meanwhile. */
  let asking = 0
  const ended = new Set<string>()

  function forget(): void {
    clearTimeout(timer)
    if (held) wipe(held.value)
    held = undefined
  }

  function look(): void {
    clearTimeout(timer)
    if (!held) return
    const leftMs = held.endsAtMs - nowMs()
    if (leftMs <= 0) forget()
    else if (leftMs !== Number.POSITIVE_INFINITY) wait(leftMs)
  }

  function wait(leftMs: number): void {
    timer = setTimeout(look, Math.min(leftMs, LOOK_EVERY_MS) + 1)
    timer.unref()
  }

  async function ask(): Promise<Buffer> {
    asking += 1
    try {
      const { value, lease, leaseMs } = await secrets.lease(name)
      if (lease !== undefined && !ended.has(lease)) {
        forget()
        held = { value: keepSecret(value), lease, endsAtMs: nowMs() + (leaseMs ?? Number.POSITIVE_INFINITY) }
        look()
      }
      return value
    } finally {
      asking -= 1
      if (asking === 0) ended.clear()
    }
  }

  const endListening = secrets.onLeaseEnd(({ lease }) => {
    if (asking > 0) ended.add(lease)
    if (held?.lease === lease) forget()
  })

  return {
    async use() {
      look()
      return held ? Buffer.from(held.value) : await ask()
    },
    close() {
      endListening()
      forget()
    },
  }
}
