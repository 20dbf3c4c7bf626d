import type { CovenClient } from '#kernel/coven'
import { type CovenState, RunaError, type SecretMemoryState } from '#protocol'
import { makeOwnSecrets, type OwnSecretsOptions, readIdentities } from './own-secrets.ts'
import { createPersonSecrets, type PersonSecretHandlers } from './person-secrets.ts'
import { createSecretDesk, type SecretHandlers } from './secret-desk.ts'

export type AllSecretHandlers = SecretHandlers & PersonSecretHandlers

/** Everything that the services of one gilgul have to do with secrets, and the person. */
export interface ServiceSecrets {
  /** A copy of the key that a service is born with. Undefined for models, which own nothing, and without coven. */
  identityOf(service: string): Buffer | undefined
  readonly handlers: AllSecretHandlers
  covenState(): CovenState
  /** Where coven keeps secrets; undefined where it cannot be asked. */
  memory(): Promise<SecretMemoryState | undefined>
}

/** Makes what is missing. Rejects with what coven rejects with: nobody is to go on as if there were no coven. */
export async function openServiceSecrets({
  coven,
  ...options
}: Omit<OwnSecretsOptions, 'coven'> & { readonly coven: CovenClient | undefined }): Promise<ServiceSecrets> {
  if (!coven) return WITHOUT_COVEN
  const identities = await readIdentities({ coven, ...options })
  await makeOwnSecrets({ coven, ...options })
  return {
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
      ...createSecretDesk({ coven, identities, ...options }),
      ...createPersonSecrets({ coven, services: options.services }),
    },
  }
}

const missing = () => Promise.reject(new RunaError('SECRETS_MISSING'))
const WITHOUT_COVEN: ServiceSecrets = {
  covenState: () => 'absent',
  memory: () => Promise.resolve(undefined),
  identityOf: () => undefined,
  handlers: {
    reveal: missing,
    keep: missing,
    ...createPersonSecrets({ coven: undefined, services: [] }),
  },
}
