import { existsSync } from 'node:fs'
import { attachBus } from '#kernel/splinter'
import type { KeyTable } from './birth-table.ts'
import { type BusTransport, createBusTransport } from './bus-transport.ts'
import type { Transport } from './transport.ts'

/** The ways from one process to every service. */
export interface Ways {
  /** Takes a seat on the private bus of that service, where it has one, when it is first asked for. */
  readonly to: (service: string) => Transport
  close(): void
}

/** Where the bus lies on which that service is met alone. */
export function privateBusPath(busPath: string, service: string): string {
  return `${busPath}-${service}`
}

/** In which variable of the environment a service finds the private bus of another. */
export function privateBusVariable(service: string): string {
  return `RUNA_BUS_${service.toUpperCase()}`
}

export interface Seat {
  readonly name: string
  readonly words: KeyTable
}

/** Over the bus of all, but to a service that has a private bus in `pathTo`. The secret of that bus is the key of its words. */
export function createWays(
  main: BusTransport,
  { name, words }: Seat,
  pathTo: (service: string) => string | undefined,
): Ways {
  const known = new Map<string, BusTransport>()

  function take(service: string): BusTransport {
    const path = pathTo(service)
    if (!path) return main
    return createBusTransport(attachBus(path, { name, words, secret: words.get(service) }))
  }

  return {
    to(service) {
      const way = known.get(service) ?? take(service)
      known.set(service, way)
      return way
    },
    close() {
      for (const way of new Set([main, ...known.values()])) way.close()
    },
  }
}

/** For programs, which find a private bus by its place. */
export function privateBusBeside(busPath: string): (service: string) => string | undefined {
  return (service) => {
    const path = privateBusPath(busPath, service)
    return existsSync(path) ? path : undefined
  }
}
