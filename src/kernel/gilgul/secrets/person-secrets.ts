import type { CovenClient } from '#kernel/coven'
import { wipe } from '#kernel/seal'
import {
  type gilgulContract,
  type Handlers,
  PERSON,
  type PERSON_SECRET_OPERATIONS,
  RunaError,
} from '#protocol'
import type { HeldLease } from '../estate/estate.ts'
import type { ServiceSpec } from '../spec/spec.ts'
import { allSecrets } from './all-secrets.ts'
import { describedFor } from './grants.ts'
import type { Leases } from './leases.ts'

export type PersonSecretHandlers = Pick<
  Handlers<typeof gilgulContract>,
  keyof typeof PERSON_SECRET_OPERATIONS
>

export interface PersonSecretsOptions {
  /** Undefined where Runa runs without coven. */
  readonly coven: Pick<CovenClient, 'ask'> | undefined
  readonly services: readonly Pick<ServiceSpec, 'name' | 'secrets' | 'grants'>[]
  readonly leases: Pick<Leases, 'all' | 'end' | 'leftMs'>
}

interface Person extends PersonSecretsOptions {
  readonly ask: CovenClient['ask']
  readonly ownerOf: (secret: string) => string | undefined
  /** Throws SECRET_OWNED. */
  readonly refuseOwned: (secret: string) => void
}

/**
 * Secrets for the person at the command line: whoever may start programs as this user. What belongs to a service is not
 * given out or changed even so: without it, what was sealed with it would be lost.
 */
export function createPersonSecrets(options: PersonSecretsOptions): PersonSecretHandlers {
  const { coven, services } = options
  const ownerOf = (secret: string) =>
    services.find(({ secrets }) => secrets.some(({ name }) => name === secret))?.name
  const person: Person = {
    ...options,
    ownerOf,
    ask: async (operation, input, value) => {
      if (!coven) throw new RunaError('SECRETS_MISSING')
      return await coven.ask(operation, input, value)
    },
    refuseOwned(name) {
      const owner = ownerOf(name)
      if (coven && owner !== undefined) {
        throw new RunaError('SECRET_OWNED', `${name} belongs to ${owner} alone.`)
      }
    },
  }
  return { ...createKeeping(person), ...createLooking(person), ...createTaking(person) }
}

/** As whom all of this is written down. */
const service = PERSON

function createKeeping({
  ask,
  refuseOwned,
  leases,
}: Person): Pick<PersonSecretHandlers, 'setSecret' | 'getSecret'> {
  return {
    async setSecret({ name, value = '', ...wish }) {
      refuseOwned(name)
      if ((value === '') === (wish.randomBytes === undefined))
        throw new RunaError('BAD_INPUT', 'A secret has either a value or so many bytes of chance.')
      const bytes = Buffer.from(value, 'base64')
      try {
        const { output } = await ask('set', { name, service, ...wish }, bytes)
        leases.end(({ secret }) => secret === name, 'rotated')
        const isGranted = (await allSecrets({ ask })).some(
          (secret) => secret.name === name && secret.grants.includes(PERSON),
        )
        if (!isGranted) await ask('grant', { name, to: PERSON, granted: true, service })
        return output
      } finally {
        wipe(bytes)
      }
    },
    async getSecret(input) {
      refuseOwned(input.name)
      const { output, value } = await ask('reveal', { ...input, service }).catch(async (error) => {
        // coven tells nobody whether there is one. A person may list them all.
        const isThere = (await allSecrets({ ask })).some(({ name }) => name === input.name)
        throw isThere ? error : new RunaError('SECRET_UNKNOWN', `There is no secret named ${input.name}.`)
      })
      try {
        return { version: output.version, once: output.once, value: value.toString('base64') }
      } finally {
        wipe(value)
      }
    },
  }
}

type Looking = 'listSecrets' | 'listVersions' | 'listLeases' | 'auditSecrets'

function createLooking({ ask, ownerOf, services, leases }: Person): Pick<PersonSecretHandlers, Looking> {
  return {
    async listSecrets({ after }) {
      const { secrets, isEnd } = (await ask('list', { after })).output
      const known = secrets.map((secret) => ({
        ...secret,
        owner: ownerOf(secret.name) ?? '',
        described: describedFor(secret.name, services),
      }))
      return { secrets: known, isEnd }
    },
    async listVersions(input) {
      return (await ask('versions', input)).output
    },
    async listLeases() {
      return {
        leases: leases.all().map((lease) => {
          const { id, service: holder, secret, version } = lease
          return { id, service: holder, secret, version, leftMs: leases.leftMs(lease) }
        }),
      }
    },
    async auditSecrets(input) {
      return (await ask('audit', input)).output
    },
  }
}

type Taking = 'grantSecret' | 'removeSecret' | 'removeVersion' | 'endLease'

function createTaking({ ask, refuseOwned, services, leases }: Person): Pick<PersonSecretHandlers, Taking> {
  const revoke = (isMeant: (lease: HeldLease) => boolean) => leases.end(isMeant, 'revoked')
  return {
    async grantSecret({ name, to, granted }) {
      refuseOwned(name)
      if (!granted && describedFor(name, services).includes(to))
        throw new RunaError(
          'BAD_INPUT',
          `The description of ${to} grants it ${name}: take it out there, then \`runa gilgul apply\`.`,
        )
      const { output } = await ask('grant', { name, to, granted, service })
      if (!granted) revoke((lease) => lease.secret === name && lease.service === to)
      return output
    },
    async removeSecret({ name }) {
      refuseOwned(name)
      const { output } = await ask('remove', { name, service })
      revoke(({ secret }) => secret === name)
      return output
    },
    async removeVersion({ name, version }) {
      refuseOwned(name)
      const { output } = await ask('removeVersion', { name, version, service })
      revoke((lease) => lease.secret === name && lease.version === version)
      return output
    },
    async endLease({ lease: id }) {
      const lease = leases.all().find((known) => known.id === id)
      if (!lease) throw new RunaError('LEASE_UNKNOWN')
      await ask('endLease', { name: lease.secret, of: lease.service, service })
      revoke((known) => known.id === id)
      return { service: lease.service, secret: lease.secret }
    },
  }
}
