import { createSpin } from '#kernel/sys'
import { RunaError } from '#protocol'
import type { Wiring } from '../seat/wiring.ts'
import { refuseUnless } from '../segment/arguments.ts'
import type { StatisticsRow } from '../statistics/row.ts'
import { expiryAfter } from './consumer.ts'
import type { Ring } from './ring.ts'
import { MESSAGE, type RecordNote, relayNote } from './ring-records.ts'

export interface WaitOptions {
  /** How long to wait for room. */
  readonly timeoutMs?: number
  readonly signal?: AbortSignal
}

export interface PublishOptions {
  /** Who reads it later than that passes it over; it is counted as expired. Default: never. */
  readonly timeToLiveMs?: number
  /**
   * It was published elsewhere and is passed on here: its number there, from 1 on, below 2^53. Whoever passes
   * messages on leaves it out, so that none goes in a circle.
   */
  readonly relayedAs?: number
}

export interface Publisher {
  /**
   * Throws BUS_BACKPRESSURE when the topic is lossless and a living consumer has not kept up, BAD_INPUT for a message
   * longer than the whole topic. Where nobody consumes, the message is gone.
   */
  publish(message: Uint8Array, options?: PublishOptions): void
  /**
   * Publishes the first of them that have room, at once and in order, and returns how many: all, on a lossy topic.
   * Throws BAD_INPUT, and publishes none, where one is longer than the whole topic.
   */
  publishMany(messages: readonly Uint8Array[], options?: PublishOptions): number
  /** As `publish`, but waits for room. Rejects with BUS_BACKPRESSURE after `timeoutMs`, CANCELLED by the signal. */
  publishWhenFree(message: Uint8Array, options?: WaitOptions & PublishOptions): Promise<void>
  /** As `publish`, but blocks this thread until there is room. Throws BUS_BACKPRESSURE after `timeoutMs`. */
  publishSync(message: Uint8Array, options?: Pick<WaitOptions, 'timeoutMs'> & PublishOptions): void
}

const TIMEOUT_MS = 5_000
const TIMEOUT_MAX_MS = 2 ** 31 - 2
/** A consumer that made room may be killed before it says so, and a dead one says nothing: so look again. */
const RECHECK_MS = 20

/** Sends records of any kind. */
export interface Sender {
  /** False where there is no room. */
  send(message: Uint8Array, note?: RecordNote): boolean
  sendMany(messages: readonly Uint8Array[], note?: RecordNote): number
  sendWhenFree(message: Uint8Array, options: WaitOptions, note?: RecordNote): Promise<void>
  sendSync(message: Uint8Array, timeoutMs: number | undefined, note?: RecordNote): void
  refusal(): RunaError
}

export function createPublisher(sender: Sender): Publisher {
  const { send, sendMany, sendWhenFree, sendSync, refusal } = sender
  return {
    publish(message, options) {
      if (!send(message, noteFor(options))) throw refusal()
    },
    publishMany: (messages, options) => sendMany(messages, noteFor(options)),
    async publishWhenFree(message, options = {}) {
      checkTimeout(options.timeoutMs)
      await sendWhenFree(message, options, noteFor(options))
    },
    publishSync(message, options) {
      checkTimeout(options?.timeoutMs)
      sendSync(message, options?.timeoutMs, noteFor(options))
    },
  }
}

/** Throws BAD_INPUT for what is no such time: a wait for that would never end. */
function checkTimeout(timeoutMs = TIMEOUT_MS): void {
  if (timeoutMs >= 1 && timeoutMs <= TIMEOUT_MAX_MS) return
  throw new RunaError('BAD_INPUT', `A wait lasts 1 to ${TIMEOUT_MAX_MS} ms, not ${timeoutMs}.`)
}

function noteFor(options: PublishOptions | undefined): RecordNote | undefined {
  const { timeToLiveMs, relayedAs } = options ?? {}
  if (timeToLiveMs === undefined && relayedAs === undefined) return undefined
  const isRelayed = relayedAs === undefined || (Number.isSafeInteger(relayedAs) && relayedAs > 0)
  refuseUnless(isRelayed, `A message is relayed as a whole number from 1 on, not as ${relayedAs}.`)
  const expiresAtMs = timeToLiveMs === undefined ? 0 : expiryAfter(timeToLiveMs)
  return { kind: MESSAGE, expiresAtMs, ...relayNote(relayedAs ?? 0) }
}

export function createSender(wiring: Wiring, ring: Ring, name: string, statistics: StatisticsRow): Sender {
  const { own, wakeRow } = wiring
  const spin = createSpin()
  const isSpaceGiven = () => !ring.isSpaceWanted()

  function send(message: Uint8Array, note?: RecordNote): boolean {
    if (!ring.write(message, note)) return false
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
    send,
    sendMany(messages, note) {
      const count = ring.writeMany(messages, note)
      if (count === 0) return 0
      let sizeBytes = 0
      for (let index = 0; index < count; index += 1) sizeBytes += messages[index]?.length ?? 0
      statistics.sent(count, sizeBytes)
      ring.wakeConsumers(wakeRow)
      return count
    },
    async sendWhenFree(message, { timeoutMs = TIMEOUT_MS, signal }, note) {
      if (send(message, note)) return
      const startedMs = performance.now()
      for (;;) {
        ring.askForSpace()
        if (send(message, note)) return waited(startedMs)
        if (performance.now() > startedMs + timeoutMs) throw refusal()
        await waitForSpace(wiring, isSpaceGiven, Math.min(RECHECK_MS, timeoutMs), signal)
      }
    },
    sendSync(message, timeoutMs = TIMEOUT_MS, note) {
      if (send(message, note)) return
      const startedMs = performance.now()
      for (;;) {
        const asked = ring.askForSpaceSync()
        if (send(message, note)) return waited(startedMs)
        const leftMs = startedMs + timeoutMs - performance.now()
        if (leftMs <= 0) throw refusal()
        if (!spin(isSpaceGiven)) ring.waitForSpaceSync(asked, Math.min(RECHECK_MS, Math.ceil(leftMs)))
      }
    },
    refusal,
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
