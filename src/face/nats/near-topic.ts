import { randomUUID } from 'node:crypto'
import type { Bus, Channel } from '#kernel/splinter'
import type { NearMessage, NearSide } from './near-side.ts'

/** Long enough for a consumer that is busy; then the next try begins. */
const ROOM_MS = 5_000
const LIFE_KEY = 'nats life'

/** A topic of the bus. What it has of the far side is kept in the store of the bus, and lives as long as that. */
export function openNearSide(bus: Bus, name: string, lossless: boolean): NearSide {
  const topic = bus.topic(name, { lossless })
  const sentKey = `nats sent ${name}`
  const takenKey = `nats taken ${name}`
  let lost = 0

  async function* messages(atMost: number, signal: AbortSignal): AsyncGenerator<readonly NearMessage[]> {
    const puller = topic.pull({ from: 'oldest' })
    try {
      while (!signal.aborted) {
        const batch: NearMessage[] = []
        for (let message = puller.next(); message; message = puller.next()) {
          // Its bytes are the ring's own, and last until the next one is asked for.
          const { sequence, relayedAs } = puller.last
          if (relayedAs === 0) batch.push({ bytes: new Uint8Array(message), sequence })
          if (batch.length === atMost) break
        }
        lost = puller.lost
        if (batch.length > 0) yield batch
        else await puller.wait({ signal })
      }
    } finally {
      puller.end()
    }
  }

  return {
    life: lifeOf(bus),
    messages,
    async publish(bytes, taken, signal) {
      await topic.publishWhenFree(bytes, { timeoutMs: ROOM_MS, signal, relayedAs: taken?.place ?? 1 })
      if (taken) write(bus, takenKey, `${taken.place} ${taken.keeper}`)
    },
    lastPlace(keeper) {
      const [place, ...words] = read(bus, takenKey).split(' ')
      if (words.join(' ') !== keeper) return undefined
      // What was published before a crash, and not noted any more, stands in the ring.
      return Math.max(Number(place), lastRelayed(topic))
    },
    progress: {
      read: () => (read(bus, sentKey) === '' ? undefined : Number(read(bus, sentKey))),
      write: (sequence) => write(bus, sentKey, String(sequence)),
    },
    lost: () => lost,
  }
}

/** Made by whoever comes first: sequences begin anew with each bus. */
function lifeOf(bus: Bus): string {
  bus.store.compareAndSet(LIFE_KEY, 0n, Buffer.from(randomUUID()))
  return read(bus, LIFE_KEY)
}

/** 0 for none. */
function lastRelayed(topic: Channel): number {
  const puller = topic.pull({ from: 'oldest' })
  let last = 0
  while (puller.next()) last = Math.max(last, puller.last.relayedAs)
  puller.end()
  return last
}

/** An empty text where there is nothing. */
function read({ store }: Bus, key: string): string {
  return Buffer.from(store.get(key) ?? []).toString()
}

function write({ store }: Bus, key: string, text: string): void {
  store.set(key, Buffer.from(text))
}
