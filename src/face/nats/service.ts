import type { NatsConnection } from '@nats-io/transport-node'
import type { OpenedService } from '#kernel/service'
import type { Bus } from '#kernel/splinter'
import type { natsContract } from '#protocol'
import { type Link, type LinkSettings, openLink } from './bridge.ts'
import { type ConnectionOptions, connectToNats } from './connection.ts'
import { openNearSide } from './near-topic.ts'

export interface NatsServiceOptions extends ConnectionOptions {
  /** The seat on which topics are heard and published. It is closed with the service. */
  readonly bus: Bus
  readonly topics: readonly (LinkSettings & { readonly lossless: boolean })[]
  /** Hears of a fault of a topic, and when it is mended. */
  readonly note: (topic: string, fault: string | undefined) => void
}

/** Serves whether or not a server can be reached: the links begin when one is. */
export function createNatsService(options: NatsServiceOptions): OpenedService<typeof natsContract> {
  const { bus, topics, servers, name, note } = options
  const stopping = new AbortController()
  const links: Link[] = []
  let connection: NatsConnection | undefined

  async function open(): Promise<void> {
    const opened = await connectToNats(options)
    if (stopping.signal.aborted) return opened.close()
    connection = opened
    for (const { lossless, ...settings } of topics) {
      const near = openNearSide(bus, settings.topic, lossless)
      const noteOfLink = ({ topic }: LinkSettings, fault: string | undefined) => note(topic, fault)
      links.push(openLink(settings, near, { name, connection, signal: stopping.signal, note: noteOfLink }))
    }
  }

  const opening = open().catch((error) => {
    for (const { topic } of topics) note(topic, error instanceof Error ? error.message : String(error))
  })

  return {
    handlers: {
      links: async () => ({
        servers: [...servers],
        connected: connection !== undefined && !connection.isClosed(),
        links: links.map((link) => link.describe()),
      }),
    },
    async close() {
      stopping.abort()
      // A server that cannot be reached is waited for without end: the process ends all the same.
      if (connection) await opening
      await connection?.close()
      await Promise.all(links.map(({ ended }) => ended))
      bus.close()
    },
  }
}
