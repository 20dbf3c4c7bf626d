import type { CovenClient } from '#kernel/coven'
import { type CovenState, RunaError, type SecretMemoryState } from '#protocol'
import type { HeldLease } from '../estate/estate.ts'
import type { ServiceSpec } from '../spec.ts'
import { createGiving, type Give } from './giving.ts'
import { createLeases, type Leases, type LeasesOptions } from './leases.ts'
import { makeOwnSecrets, type OwnSecretsOptions, readIdentities } from './own-secrets.ts'
import { createPersonSecrets, type PersonSecretHandlers } from './person-secrets.ts'
import { createSecretDesk, type SecretHandlers } from './secret-desk.ts'

export type AllSecretHandlers = SecretHandlers & PersonSecretHandlers

/** Everything that the services of one gilgul have to do with secrets, and the person. */
export interface ServiceSecrets {
  readonly leases: Leases
  /** Undefined without coven. */
  readonly give: Give | undefined
  /** Who the services are from then on, and what is to be done when a lease of theirs ends. */
  join(company: SecretCompany): void
  /** A copy of the key that a service is born with. Undefined for models, which own nothing, and without coven. */
  identityOf(service: string): Buffer | undefined
  readonly handlers: AllSecretHandlers
  covenState(): CovenState
  /** Where coven keeps secrets; undefined where it cannot be asked. */
  memory(): Promise<SecretMemoryState | undefined>
}

/** What gilgul knows of its services, as far as secrets are concerned. */
interface SecretCompany {
  /** Of the process that is now that service; 0 where there is none. */
  readonly pidOf: (service: string) => number
  readonly onEnd: LeasesOptions['onEnd']
  readonly onChange: LeasesOptions['onChange']
}

export interface ServiceSecretsOptions extends Omit<OwnSecretsOptions, 'coven'> {
  readonly services: readonly Pick<ServiceSpec, 'name' | 'secrets' | 'grants' | 'command'>[]
  readonly coven: CovenClient | undefined
  /** Of the last gilgul. */
  readonly left?: readonly HeldLease[]
}

/** Makes what is missing. Rejects with what coven rejects with: nobody is to go on as if there were no coven. */
export async function openServiceSecrets({
  coven,
  left = [],
  ...options
}: ServiceSecretsOptions): Promise<ServiceSecrets> {
  let company: SecretCompany = { pidOf: () => 0, onEnd: () => {}, onChange: () => {} }
  const leases = createLeases({
    left,
    onEnd: (lease, reason) => company.onEnd(lease, reason),
    onChange: () => company.onChange(),
  })
  const joining = {
    leases,
    join(joined: SecretCompany) {
      company = joined
    },
  }
  if (!coven) return { ...joining, ...WITHOUT_COVEN, handlers: handlersWithoutCoven(leases) }
  const identities = await readIdentities({ coven, ...options })
  await makeOwnSecrets({ coven, ...options })
  const { services } = options
  const give = createGiving({ coven, services, leases, pidOf: (service) => company.pidOf(service) })
  return {
    ...joining,
    give,
    covenState: () => (coven.isOpen() ? 'linked' : 'lost'),
    memory: () =>
      coven.ask('memory', {}).then(
        ({ output }) => output,
        () => undefined,
      ),
    identityOf(service) {
      const identity = identities.get(service)
      return identity && Buffer.from(identity)
    },
    handlers: {
      ...createSecretDesk({ coven, give, identities, ...options }),
      ...createPersonSecrets({ coven, services, leases }),
    },
  }
}

const WITHOUT_COVEN = {
  give: undefined,
  covenState: () => 'absent' as const,
  memory: () => Promise.resolve(undefined),
  identityOf: () => undefined,
} satisfies Partial<ServiceSecrets>

function handlersWithoutCoven(leases: Leases): AllSecretHandlers {
  const missing = () => Promise.reject(new RunaError('SECRETS_MISSING'))
  return {
    reveal: missing,
    keep: missing,
    ...createPersonSecrets({ coven: undefined, services: [], leases }),
  }
}
