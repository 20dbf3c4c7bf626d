import type { CovenClient } from '#kernel/coven'
import { type CovenState, RunaError, type SecretMemoryState } from '#protocol'
import type { HeldLease } from '../estate/estate.ts'
import type { ServiceSpec } from '../spec/spec.ts'
import { followVault } from './follow-vault.ts'
import { createGiving, type Give } from './giving.ts'
import { grantsOf } from './grants.ts'
import { createLeases, type Leases, type LeasesOptions } from './leases.ts'
import type { OwnSecretsOptions } from './own-secrets.ts'
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
  /** Why a service cannot be started before the vault is open; undefined where it can. */
  held(spec: Pick<ServiceSpec, 'name' | 'secrets' | 'grants'>): string | undefined
  /** Resolves the next time that the vault is opened, and everything that services need of it is there. */
  opened(): Promise<void>
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
  /** A copy of the key that a service proves itself with while coven's is out of reach. */
  readonly worldIdentityOf: (service: string) => Buffer
}

const HELD = 'It waits for the vault, which is sealed: `runa secret unseal` opens it.'

/** Makes what is missing, and rejects, as `followVault` does. */
export async function openServiceSecrets({
  coven,
  left = [],
  worldIdentityOf,
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
  const vault = await followVault({ coven, ...options })
  const { services } = options
  // One that runs nothing of Runa's is born with nothing.
  const isBorn = (name: string) => services.some((spec) => spec.name === name && spec.command === undefined)
  const give = createGiving({ coven, services, leases, pidOf: (service) => company.pidOf(service) })
  return {
    ...joining,
    give,
    covenState() {
      if (!coven.isOpen()) return 'lost'
      return vault.isSealed() ? 'sealed' : 'linked'
    },
    held(spec) {
      const needs = spec.secrets.length + grantsOf(spec).length
      return vault.isSealed() && needs > 0 ? HELD : undefined
    },
    opened: vault.opened,
    memory: () =>
      coven.ask('memory', {}).then(
        ({ output }) => output,
        () => undefined,
      ),
    identityOf(service) {
      const identity = vault.identityOf(service)
      if (identity) return Buffer.from(identity)
      return isBorn(service) ? worldIdentityOf(service) : undefined
    },
    handlers: {
      ...createSecretDesk({
        ...{ coven, give, isSealed: vault.isSealed, ...options },
        identitiesOf: (service) =>
          [vault.identityOf(service), isBorn(service) ? worldIdentityOf(service) : undefined].filter(
            (identity) => identity !== undefined,
          ),
      }),
      ...createPersonSecrets({ coven, services, leases }),
    },
  }
}

const WITHOUT_COVEN = {
  give: undefined,
  covenState: () => 'absent' as const,
  held: () => undefined,
  opened: () => new Promise<void>(() => {}),
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
