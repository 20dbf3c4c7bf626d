import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { call, createBusTransport, serve, type Transport } from '#kernel/service'
import { attachBus } from '#kernel/splinter'
import { nowMs } from './clock.ts'
import type { EchoContender, MessageContender, Place } from './contender.ts'
import { feedContract } from './feed-contract.ts'

/** Where a bus lies on which everything is sealed, beside the one in clear. */
export const SEALED_BUS = 'sealed'

function openTransport({ folder, secret }: Place, sealed: boolean, serves: boolean) {
  const path = join(folder, sealed ? SEALED_BUS : 'bus')
  const keys = sealed ? { secret: Buffer.from(secret, 'hex') } : {}
  const transport = createBusTransport(attachBus(path, { name: serves ? feedContract.name : 'bench', ...keys }))
  if (serves) serveFeed(transport)
  return transport
}

/** Process 1 calls what process 0 serves, and consumes item for item. */
export function openTypedStream(place: Place, sealed: boolean): MessageContender {
  const transport = openTransport(place, sealed, place.index === 0)
  const { items } = call(feedContract, transport)
  return {
    async send() {},
    async receive(times, startAt) {
      await sleep(Math.max(0, startAt - nowMs()))
      let heard = 0
      for await (const { text } of items({ times, sizeBytes: place.sizeBytes })) {
        if (text.length === place.sizeBytes) heard += 1
      }
      if (heard !== times) throw new Error(`${heard} of ${times} items came.`)
    },
    close: () => transport.close(),
  }
}

/** Process 0 calls what process 1 serves. */
export function openTypedCall(place: Place, sealed: boolean): EchoContender {
  const transport = openTransport(place, sealed, place.index === 1)
  const { echo } = call(feedContract, transport)
  const text = 'x'.repeat(place.sizeBytes)
  return {
    async roundTrip() {
      await echo({ text })
    },
    close: () => transport.close(),
  }
}

function serveFeed(transport: Transport): void {
  const handlers = {
    echo: async ({ text }: { text: string }) => ({ text }),
    async *items({ times, sizeBytes }: { times: number; sizeBytes: number }) {
      const text = 'x'.repeat(sizeBytes)
      for (let count = 0; count < times; count += 1) yield { text }
    },
  }
  serve(feedContract, handlers, transport)
}
