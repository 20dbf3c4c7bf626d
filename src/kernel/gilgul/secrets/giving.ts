import type { CovenClient } from '#kernel/coven'
import { wipe } from '#kernel/seal'
import { RunaError } from '#protocol'
import type { HeldLease } from '../estate/estate.ts'
import type { ServiceSpec } from '../spec/spec.ts'
import { allSecrets } from './all-secrets.ts'
import { grantsOf } from './grants.ts'
import type { Leases } from './leases.ts'

export interface GivingOptions {
  readonly coven: Pick<CovenClient, 'ask'>
  readonly services: readonly Pick<ServiceSpec, 'name' | 'secrets' | 'grants'>[]
  readonly leases: Pick<Leases, 'begin' | 'requireRoom' | 'leftMs'>
  /** Of the process that is now the service; 0 where that is not known. */
  readonly pidOf: (service: string) => number
}

/** A secret, and for how long it may be held. */
export interface Given {
  /** Whoever gets it wipes it. */
  readonly value: Buffer
  readonly version: number
  /** Undefined for a one-time secret, which nobody holds. */
  readonly lease: HeldLease | undefined
  readonly leaseMs: number | null
}

/** Gives a secret to the service that asks, which somebody else has made sure it is. */
export type Give = (service: string, name: string) => Promise<Given>

export function createGiving({ coven, services, leases, pidOf }: GivingOptions): Give {
  const ownerOf = (secret: string) =>
    services.find(({ secrets }) => secrets.some(({ name }) => name === secret))?.name
  const isNote = (secret: string) =>
    services.some(({ secrets }) => secrets.some(({ name, origin }) => name === secret && origin === 'kept'))
  const isDescribed = (service: string, secret: string) =>
    services.some((spec) => spec.name === service && grantsOf(spec).includes(secret))

  return async (service, name) => {
    const owner = ownerOf(name)
    if (owner === service) await grantOwn(coven, name, service)
    leases.requireRoom(service, name)
    // coven is asked also where the answer is no: it writes down who wanted what.
    const described = isDescribed(service, name)
    const { output, value } = await coven.ask('reveal', { name, service, ...(described && { described }) })
    if (owner !== undefined && owner !== service) {
      wipe(value)
      throw new RunaError('SECRET_NOT_GRANTED', `${name} belongs to ${owner} alone.`)
    }
    const { version, once } = output
    // What a service has put there itself, it had before.
    if (once || isNote(name)) return { value, version, lease: undefined, leaseMs: 0 }
    // What a service seals with a key of its own, it seals for as long as it runs.
    const leaseMs = owner === service ? null : output.leaseMs
    const lease = leases.begin({ service, secret: name, version, pid: pidOf(service), leaseMs })
    return { value, version, lease, leaseMs }
  }
}

/**
 * coven tells nobody who was not granted a secret whether there is one. Its owner may know that it has none yet: throws
 * SECRET_UNKNOWN. A death or a full disk after it was kept may have left it without its grant.
 */
async function grantOwn(coven: Pick<CovenClient, 'ask'>, name: string, owner: string): Promise<void> {
  const secret = (await allSecrets(coven)).find((known) => known.name === name)
  if (!secret) throw new RunaError('SECRET_UNKNOWN')
  if (secret.grants.includes(owner)) return
  await coven.ask('grant', { name, to: owner, granted: true, service: 'gilgul' })
}
