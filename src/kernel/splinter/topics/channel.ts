import { RunaError } from '#protocol'
import { rowOfStamp } from '../seat/stamp.ts'
import { BATCH, type Wiring } from '../seat/wiring.ts'
import { Ring } from './ring.ts'
import type { Consumer } from './ring-consumer.ts'
import type { RingPlace } from './ring-place.ts'

export interface WaitOptions {
  /** How long to wait for room. */
  readonly timeoutMs?: number
  readonly signal?: AbortSignal
}

/** Valid only during the call: the memory is used again for the next message. */
export type MessageListener = (message: Uint8Array) => void

export interface Subscription {
  /** Messages that were written over before they could be read, so far. Always 0 for a lossless topic. */
  readonly lost: number
  end(): void
}

/** A topic, as one member sees it. */
export interface Channel {
  /**
   * Throws BUS_BACKPRESSURE when the topic is lossless and a living consumer has not kept up, BAD_INPUT for a message
   * longer than the whole topic. Where nobody consumes, the message is gone.
   */
  publish(message: Uint8Array): void
  /** As `publish`, but waits for room. Rejects with BUS_BACKPRESSURE after `timeoutMs`, CANCELLED by the signal. */
  publishWhenFree(message: Uint8Array, options?: WaitOptions): Promise<void>
  /** Hears what is published from now on. */
  subscribe(listener: MessageListener): Subscription
  close(): void
}

const TIMEOUT_MS = 5_000
/** A consumer that made room may be killed before it says so, and a dead one says nothing: so look again. */
const RECHECK_MS = 100

export function createChannel(wiring: Wiring, place: RingPlace, name: string): Channel {
  const { segment, own, locks, wakeEverybody } = wiring
  const ring = new Ring(segment, place, { locks, owner: own, onSpace: wakeEverybody })
  return { ...createPublisher(wiring, ring, name), ...createSubscriber(wiring, ring) }
}

function createPublisher(
  wiring: Wiring,
  ring: Ring,
  name: string,
): Pick<Channel, 'publish' | 'publishWhenFree'> {
  const { own, wakeRow } = wiring
  const wakeConsumer = (stamp: number) => wakeRow(rowOfStamp(stamp))

  function tryToPublish(message: Uint8Array): boolean {
    if (!ring.write(message)) return false
    ring.forEachConsumer(wakeConsumer)
    return true
  }

  function refusal(): RunaError {
    own.count('refused', 1)
    return new RunaError(
      'BUS_BACKPRESSURE',
      `The topic '${name}' is full: one of its consumers does not keep up.`,
    )
  }

  return {
    publish(message) {
      if (!tryToPublish(message)) throw refusal()
    },
    async publishWhenFree(message, { timeoutMs = TIMEOUT_MS, signal } = {}) {
      const endMs = performance.now() + timeoutMs
      for (;;) {
        if (tryToPublish(message)) return
        ring.askForSpace()
        if (tryToPublish(message)) return
        if (performance.now() > endMs) throw refusal()
        await waitForSpace(wiring, () => !ring.isSpaceWanted(), Math.min(RECHECK_MS, timeoutMs), signal)
      }
    },
  }
}

function createSubscriber(
  { own, pump, wakeEverybody }: Wiring,
  ring: Ring,
): Pick<Channel, 'subscribe' | 'close'> {
  const listeners = new Set<{ readonly hear: MessageListener }>()
  let consumer: Consumer | undefined
  let endSource: () => void = () => {}
  let lostBefore = 0

  function drain(from: Consumer): boolean {
    let handled = 0
    for (; handled < BATCH; handled += 1) {
      const message = from.next()
      if (message === undefined) break
      for (const { hear } of [...listeners]) hear(message)
    }
    if (from.lost !== lostBefore) {
      own.count('lost', from.lost - lostBefore)
      lostBefore = from.lost
    }
    return handled > 0
  }

  function join(): Consumer {
    const joined = ring.join(own.row)
    consumer = joined
    lostBefore = 0
    endSource = pump.add({ hasWork: joined.hasNext, drain: () => drain(joined) })
    return joined
  }

  function leave(): void {
    endSource()
    consumer?.leave()
    consumer = undefined
    // Whoever waited for this one need not wait any more.
    if (ring.isSpaceWanted()) wakeEverybody()
  }

  return {
    subscribe(hear) {
      const from = consumer ?? join()
      const listener = { hear }
      listeners.add(listener)
      return {
        get lost() {
          return from.lost
        },
        end() {
          if (listeners.delete(listener) && listeners.size === 0) leave()
        },
      }
    },
    close() {
      listeners.clear()
      if (consumer) leave()
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
