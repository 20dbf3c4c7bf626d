import type { Wiring } from '../seat/wiring.ts'
import { joinGroup, watchMembers } from './group-feed.ts'
import type { Ring } from './ring.ts'
import type { Taken } from './ring-group-member.ts'
import { MESSAGE } from './ring-records.ts'
import type { Seats, SubscribeOptions } from './subscription.ts'

export interface StreamOptions extends Omit<SubscribeOptions, 'concurrency'> {
  /** Ends the stream. */
  readonly signal?: AbortSignal
}

/** Of a group, a message is finished when the next is asked for, or the stream ends. */
export type MessageStream = AsyncIterableIterator<Uint8Array>

/** Where a stream takes its messages from. */
interface Source {
  take(): Uint8Array | undefined
  hasNext(): boolean
  end(): void
}

/** Somebody who waits for the next message. */
interface Asked {
  resolve(result: IteratorResult<Uint8Array>): void
  reject(error: unknown): void
}

/** Makes a function that ends something once, and with the channel. */
type Endable = (end: () => void) => () => void

export function createStream(
  wiring: Wiring,
  seats: Seats,
  { from = 'now', signal }: StreamOptions,
  endable: Endable,
): MessageStream {
  const consumer = seats.join(from)
  const source: Source = {
    take() {
      const message = consumer.next()
      const copy = message && new Uint8Array(message)
      // It is copied: a producer may have the room.
      consumer.settle()
      seats.countLosses(consumer)
      return copy
    },
    hasNext: () => consumer.hasNext(),
    end: () => seats.leave(consumer),
  }
  return iterate(wiring, source, signal, endable)
}

export function createGroupStream(
  wiring: Wiring,
  ring: Ring,
  seats: Seats,
  { from = 'now', group, signal }: StreamOptions & { readonly group: string },
  endable: Endable,
): MessageStream {
  const member = joinGroup(wiring, ring, group, { from, kind: MESSAGE, concurrency: 1 })
  const watch = watchMembers(wiring, ring, member)
  let current: Taken | undefined
  const source: Source = {
    take() {
      current?.finish()
      watch.refresh()
      current = member.take()
      seats.countLosses(member)
      return current?.message
    },
    hasNext: () => member.hasNext(),
    end() {
      current?.finish()
      watch.end()
      member.leave()
    },
  }
  return iterate(wiring, source, signal, endable)
}

function iterate(
  { pump }: Pick<Wiring, 'pump'>,
  source: Source,
  signal: AbortSignal | undefined,
  endable: Endable,
): MessageStream {
  const done: IteratorReturnResult<undefined> = { done: true, value: undefined }
  const asked: Asked[] = []
  let isEnded = false

  function serve(): boolean {
    let served = false
    while (asked.length > 0) {
      try {
        const value = source.take()
        if (value === undefined) break
        asked.shift()?.resolve({ done: false, value })
      } catch (error) {
        asked.shift()?.reject(error)
      }
      served = true
    }
    return served
  }

  // Nobody asks: what comes stays in the ring, and keeps nobody awake.
  const endSource = pump.add({ hasWork: () => asked.length > 0 && source.hasNext(), drain: serve })
  const end = endable(() => {
    isEnded = true
    signal?.removeEventListener('abort', end)
    endSource()
    source.end()
    for (const { resolve } of asked.splice(0)) resolve(done)
  })
  if (signal?.aborted) end()
  else signal?.addEventListener('abort', end, { once: true })

  return {
    next() {
      if (isEnded) return Promise.resolve(done)
      return new Promise((resolve, reject) => {
        asked.push({ resolve, reject })
        serve()
      })
    },
    return() {
      end()
      return Promise.resolve(done)
    },
    [Symbol.asyncIterator]() {
      return this
    },
  }
}
