import type { CovenClient } from '#kernel/coven'
import { wipe } from '#kernel/seal'
import {
  type gilgulContract,
  type Handlers,
  PERSON,
  type PERSON_SECRET_OPERATIONS,
  RunaError,
} from '#protocol'
import type { ServiceSpec } from '../spec.ts'

export type PersonSecretHandlers = Pick<
  Handlers<typeof gilgulContract>,
  keyof typeof PERSON_SECRET_OPERATIONS
>

export interface PersonSecretsOptions {
  /** Undefined where Runa runs without coven. */
  readonly coven: Pick<CovenClient, 'ask'> | undefined
  readonly services: readonly Pick<ServiceSpec, 'name' | 'secrets'>[]
}

/**
 * Secrets for the person at the command line: whoever may start programs as this user. What belongs to a service is not
 * given out or changed even so: without it, what was sealed with it would be lost.
 */
export function createPersonSecrets({ coven, services }: PersonSecretsOptions): PersonSecretHandlers {
  const service = PERSON
  const ownerOf = (secret: string) =>
    services.find(({ secrets }) => secrets.some(({ name }) => name === secret))?.name
  const ask: CovenClient['ask'] = async (operation, input, value) => {
    if (!coven) throw new RunaError('SECRETS_MISSING')
    return await coven.ask(operation, input, value)
  }
  const refuseOwned = (name: string) => {
    const owner = ownerOf(name)
    if (coven && owner !== undefined) {
      throw new RunaError('SECRET_OWNED', `${name} belongs to ${owner} alone.`)
    }
  }

  return {
    async setSecret({ name, value }) {
      refuseOwned(name)
      const bytes = Buffer.from(value, 'base64')
      try {
        const { output } = await ask('set', { name, service }, bytes)
        const { secrets } = (await ask('list', {})).output
        const isGranted = secrets.some((secret) => secret.name === name && secret.grants.includes(PERSON))
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
        const isThere = (await ask('list', {})).output.secrets.some(({ name }) => name === input.name)
        throw isThere ? error : new RunaError('SECRET_UNKNOWN', `There is no secret named ${input.name}.`)
      })
      try {
        return { version: output.version, value: value.toString('base64') }
      } finally {
        wipe(value)
      }
    },
    async listSecrets() {
      const { output } = await ask('list', {})
      return { secrets: output.secrets.map((secret) => ({ ...secret, owner: ownerOf(secret.name) ?? '' })) }
    },
    async grantSecret({ name, to, granted }) {
      refuseOwned(name)
      return (await ask('grant', { name, to, granted, service })).output
    },
    async removeSecret({ name }) {
      refuseOwned(name)
      return (await ask('remove', { name, service })).output
    },
    async auditSecrets(input) {
      return (await ask('audit', input)).output
    },
  }
}
