import type { Config } from '#kernel/config'
import { privateBusPath, privateBusVariable } from '#kernel/service'
import { createBus } from '#kernel/splinter'
import { alethiaContract } from '#protocol'
import type { ServiceSpec } from '../spec/spec.ts'
import type { Words } from './words.ts'

/** Each is met on a bus of its own, by those who speak its words: the bus of all does not even say that somebody calls it. */
const RECLUSES = [alethiaContract.name]
/** Seats for itself, the services that call it, and five programs at a time; an event may be as long as any message. */
const PRIVATE_BUS = { sizeBytes: 12 * 2 ** 20, topicsBytes: 2 ** 20 + 2 ** 15, slotsMax: 64, membersMax: 8 }

export type BusSettings = Config['bus']

/**
 * Makes the bus of all, and the private ones beside it. Where the owner has switched sealing off there are no private
 * ones: everybody meets on the one bus, in clear. Throws as `createBus` does.
 */
export function createBuses(busPath: string, { sizeBytes, sealed }: BusSettings, words: Words): void {
  createBus({ path: busPath, sizeBytes, seals: sealed ? 'words' : 'nothing' })
  if (!sealed) return
  for (const [service, secret] of words.keysOf(RECLUSES)) {
    const path = privateBusPath(busPath, service)
    createBus({ path, seals: 'everything', keys: 'hashed', secret, ...PRIVATE_BUS })
  }
}

/** What the environment of a service tells it of private buses: only those on which it has something to say. */
export function privateBusesOf(
  { speaks }: Pick<ServiceSpec, 'speaks'>,
  busPath: string,
  { sealed }: BusSettings,
): Record<string, string> {
  const met = sealed ? RECLUSES.filter((service) => speaks.includes(service)) : []
  return Object.fromEntries(
    met.map((service) => [privateBusVariable(service), privateBusPath(busPath, service)]),
  )
}
