import { RunaError } from '#protocol'
import type { Wiring } from '../seat/wiring.ts'
import type { StatisticsRow } from '../statistics/row.ts'
import type { Ring } from './ring.ts'

export interface WaitOptions {
  /** How long to wait for room. */
  readonly timeoutMs?: number
  readonly signal?: AbortSignal
}

export interface Publisher {
  /**
   * Throws BUS_BACKPRESSURE when the topic is lossless and a living consumer has not kept up, BAD_INPUT for a message
   * longer than the whole topic. Where nobody consumes, the message is gone.
   */
  publish(message: Uint8Array): void
  /**
   * Publishes the first of them that have room, at once and in order, and returns how many: all, on a lossy topic.
   * Throws BAD_INPUT, and publishes none, where one is longer than the whole topic.
   */
  publishMany(messages: readonly Uint8Array[]): number
  /** As `publish`, but waits for room. Rejects with BUS_BACKPRESSURE after `timeoutMs`, CANCELLED by the signal. */
  publishWhenFree(message: Uint8Array, options?: WaitOptions): Promise<void>
  /** As `publish`, but blocks this thread until there is room. Throws BUS_BACKPRESSURE after `timeoutMs`. */
  publishSync(message: Uint8Array, options?: Pick<WaitOptions, 'timeoutMs'>): void
}

const TIMEOUT_MS = 5_000
/** A consumer that made room may be killed before it says so, and a dead one says nothing: so look again. */
const RECHECK_MS = 100

export function createPublisher(
  wiring: Wiring,
  ring: Ring,
  name: string,
  statistics: StatisticsRow,
): Publisher {
  const { own, wakeRow } = wiring

  function tryToPublish(message: Uint8Array): boolean {
    if (!ring.write(message)) return false
    statistics.sent(1, message.length)
    ring.wakeConsumers(wakeRow)
    return true
  }

  function refusal(): RunaError {
    own.count('refused', 1)
    statistics.count('refused', 1)
    return new RunaError(
      'BUS_BACKPRESSURE',
      `The topic '${name}' is full: one of its consumers does not keep up.`,
    )
  }

  /** Counts what waiting from then on cost. */
  function waited(startedMs: number): void {
    statistics.count('waits', 1)
    statistics.count('waitedMs', performance.now() - startedMs)
  }

  return {
    publish(message) {
      if (!tryToPublish(message)) throw refusal()
    },
    publishMany(messages) {
      const count = ring.writeMany(messages)
      let sizeBytes = 0
      for (let index = 0; index < count; index += 1) sizeBytes += messages[index]?.length ?? 0
      if (count > 0) {
        statistics.sent(count, sizeBytes)
        ring.wakeConsumers(wakeRow)
      }
      return count
    },
    async publishWhenFree(message, { timeoutMs = TIMEOUT_MS, signal } = {}) {
      if (tryToPublish(message)) return
      const startedMs = performance.now()
      for (;;) {
        ring.askForSpace()
        if (tryToPublish(message)) return waited(startedMs)
        if (performance.now() > startedMs + timeoutMs) throw refusal()
        await waitForSpace(wiring, () => !ring.isSpaceWanted(), Math.min(RECHECK_MS, timeoutMs), signal)
      }
    },
    publishSync(message, { timeoutMs = TIMEOUT_MS } = {}) {
      if (tryToPublish(message)) return
      const startedMs = performance.now()
      let isDone = false
      const tryAgain = () => (isDone ||= tryToPublish(message))
      while (!tryAgain()) {
        const leftMs = startedMs + timeoutMs - performance.now()
        if (leftMs <= 0) throw refusal()
        ring.waitForSpaceSync(tryAgain, Math.min(RECHECK_MS, Math.ceil(leftMs)))
      }
      waited(startedMs)
    },
  }
}

/** Resolves when a consumer has made room, or after `atMostMs`. */
function waitForSpace(
  { pump }: Wiring,
  isThere: () => boolean,
  atMostMs: number,
  signal: AbortSignal | undefined,
): Promise<void> {
  return new Promise((resolve, reject) => {
    const cancel = () =>
      finish(() => reject(new RunaError('CANCELLED', undefined, { cause: signal?.reason })))
    if (signal?.aborted) return reject(new RunaError('CANCELLED', undefined, { cause: signal.reason }))
    const timer = setTimeout(() => finish(resolve), atMostMs)
    signal?.addEventListener('abort', cancel, { once: true })
    const endSource = pump.add({
      hasWork: isThere,
      drain() {
        if (!isThere()) return false
        finish(resolve)
        return true
      },
    })
    function finish(settle: () => void): void {
      clearTimeout(timer)
      signal?.removeEventListener('abort', cancel)
      endSource()
      settle()
    }
  })
}
