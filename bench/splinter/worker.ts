// One process of the bench. The runner says over IPC what to open and what to do; what it answers is a figure.
import { setTimeout as sleep } from 'node:timers/promises'
import { nowMs } from './clock.ts'
import type { EchoContender, MessageContender, Place, StoreContender } from './contender.ts'
import { ECHOES } from './echoes.ts'
import { MESSAGES } from './messages.ts'
import { STORES } from './stores.ts'

export interface Orders {
  openStore: { readonly contender: string; readonly place: Place }
  openMessages: { readonly contender: string; readonly place: Place }
  openEcho: { readonly contender: string; readonly place: Place }
  /** Operations a second of `what`, for `forMs` from `startAt` on (milliseconds of the monotonic clock). */
  rate: { readonly what: 'set' | 'get'; readonly forMs: number; readonly startAt: number }
  /** Bytes that one operation leaves on the heap. */
  heap: { readonly times: number }
  /** When it was done, in milliseconds of the monotonic clock. */
  send: { readonly times: number; readonly startAt: number }
  receive: { readonly times: number; readonly startAt: number }
  /** The median of round trips, in microseconds. */
  echo: { readonly times: number; readonly pauseMs: number }
  close: Record<string, never>
}

/** What is done between two looks at the clock. */
const CHUNK = 500

let store: StoreContender | undefined
let messages: MessageContender | undefined
let echo: EchoContender | undefined

const obey: { [Name in keyof Orders]: (order: Orders[Name]) => Promise<number> } = {
  async openStore({ contender, place }) {
    store = await STORES[contender]?.(place)
    return 0
  },
  async openMessages({ contender, place }) {
    messages = await MESSAGES[contender]?.(place)
    return 0
  },
  async openEcho({ contender, place }) {
    echo = await ECHOES[contender]?.(place)
    return 0
  },
  async rate({ what, forMs, startAt }) {
    if (!store) throw new Error('No store is open.')
    while (nowMs() < startAt);
    let done = 0
    for (;;) {
      const pending = store[what](CHUNK)
      if (pending) await pending
      done += CHUNK
      const passedMs = nowMs() - startAt
      if (passedMs >= forMs) return (done * 1_000) / passedMs
    }
  },
  async heap({ times }) {
    await store?.get(times)
    globalThis.gc?.()
    const before = process.memoryUsage().heapUsed
    await store?.get(times)
    return Math.max(0, process.memoryUsage().heapUsed - before) / times
  },
  async send({ times, startAt }) {
    while (nowMs() < startAt);
    await messages?.send(times)
    return nowMs()
  },
  async receive({ times, startAt }) {
    await messages?.receive(times, startAt)
    return nowMs()
  },
  async echo({ times, pauseMs }) {
    const microseconds: number[] = []
    for (let count = 0; count < times; count += 1) {
      if (pauseMs > 0) await sleep(pauseMs)
      const startedMs = performance.now()
      const pending = echo?.roundTrip()
      if (pending) await pending
      microseconds.push((performance.now() - startedMs) * 1_000)
    }
    return microseconds.sort((a, b) => a - b)[times >> 1] ?? Number.NaN
  },
  async close() {
    await store?.close()
    await messages?.close()
    await echo?.close()
    process.disconnect()
    return 0
  },
}

process.on('message', ({ name, order }: { name: keyof Orders; order: never }) => {
  obey[name](order).then(
    (answer) => process.send?.({ answer }),
    (error: Error) => process.send?.({ error: error.stack ?? String(error) }),
  )
})
process.on('disconnect', () => process.exit())
