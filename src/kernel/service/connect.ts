import { statSync } from 'node:fs'
import { attachBus } from '#kernel/splinter'
import { createBusTransport } from './bus-transport.ts'
import { knock } from './knock.ts'
import type { Transport } from './transport.ts'
import { createWays, privateBusBeside } from './ways.ts'

export interface Connection {
  readonly transport: Transport
  /** The way to that service: alethia is met on a bus of its own, everybody else on the one of all. */
  readonly transportTo: (service: string) => Transport
  close(): void
}

/**
 * For programs that call services and are none themselves: knocks at the door of the bus for the keys of its words. The
 * event loop goes on until `close`. Rejects with NOT_RUNNING where there is no bus, BUS_CORRUPT, BUS_VERSION,
 * BUS_FORBIDDEN or BUS_FULL, and as `knock` does.
 */
export async function connect(busPath: string, name: string): Promise<Connection> {
  for (;;) {
    const file = fileAt(busPath)
    const words = await knock(busPath)
    const transport = createBusTransport(attachBus(busPath, { name, words }))
    const ways = createWays(transport, { name, words }, privateBusBeside(busPath))
    if (fileAt(busPath) === file) return { transport, transportTo: ways.to, close: ways.close }
    // gilgul came back between door and bus: these keys fit the bus of its last life.
    ways.close()
  }
}

function fileAt(path: string): number | undefined {
  return statSync(path, { throwIfNoEntry: false })?.ino
}
