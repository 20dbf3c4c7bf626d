import type { CovenClient } from '#kernel/coven'
import { wipe } from '#kernel/seal'
import { openRequest, type SecretOperation, type SecretRequest, sealAnswer } from '#kernel/service'
import {
  gilgulContract,
  type Handlers,
  parseOrThrow,
  RunaError,
  secretNameSchema,
  toErrorPayload,
} from '#protocol'
import type { ServiceSpec } from '../spec/spec.ts'
import type { Give, Given } from './giving.ts'

/** A request is made, sent and read within milliseconds; a machine under load takes seconds. */
const FRESH_NS = 30_000_000_000n
/** More in half a minute are no services of ours. */
const NONCES_MAX = 4_096

export type SecretHandlers = Pick<Handlers<typeof gilgulContract>, SecretOperation>

export interface SecretDeskOptions {
  readonly coven: Pick<CovenClient, 'ask'>
  readonly give: Give
  /** What a service may have been born with to prove who it is; none for what is no service. */
  readonly identitiesOf: (service: string) => readonly Buffer[]
  /** The vault is: what coven knows of identities is out of reach as well. */
  readonly isSealed?: () => boolean
  readonly services: readonly Pick<ServiceSpec, 'name' | 'secrets'>[]
  /** One line in the log, where somebody tried what nobody should. */
  readonly note: (text: string) => void
  readonly nowNs?: () => bigint
}

/** Answers services that ask for secrets: checks that they are who they say, and what they may have. */
export function createSecretDesk(options: SecretDeskOptions): SecretHandlers {
  const { coven, give, identitiesOf, isSealed = () => false, services, note } = options
  const admit = createAdmission(options.nowNs ?? process.hrtime.bigint)
  async function keep(service: string, { name, value }: SecretRequest): Promise<Given> {
    const own = services.find((spec) => spec.name === service)?.secrets.find((secret) => secret.name === name)
    if (own?.origin !== 'kept') {
      throw new RunaError('SECRET_NOT_GRANTED', `${service} may not change ${name}.`)
    }
    const { output } = await coven.ask('set', { name, service }, value)
    if (output.version === 1) await coven.ask('grant', { name, to: service, granted: true, service })
    return { value: Buffer.alloc(0), version: output.version, lease: undefined, leaseMs: 0 }
  }

  async function answer(operation: SecretOperation, service: string, sealed: string) {
    const { identity, request } = openByAny(identitiesOf(service), service, operation, sealed)
    if (!identity || !request) {
      if (isSealed()) throw new RunaError('VAULT_LOCKED')
      note(`a ${operation} in the name of ${service} was refused: it is not of its making`)
      throw new RunaError('SECRET_REFUSED', `The request does not come from ${service}.`)
    }
    try {
      admit(request)
    } catch (error) {
      note(`a ${operation} of ${service} was refused: ${(error as Error).message}`)
      throw error
    }
    try {
      const name = parseOrThrow(secretNameSchema, request.name)
      const given = operation === 'reveal' ? await give(service, name) : await keep(service, request)
      const { value, version, lease, leaseMs } = given
      const answered = sealAnswer(identity, service, request.nonce, {
        value,
        version,
        lease: lease?.id,
        leaseMs,
      })
      wipe(value)
      return { answer: answered.toString('base64') }
    } catch (error) {
      const { errors } = gilgulContract.operations[operation]
      const payload = toErrorPayload(error, request.nonce.toString('hex'), errors)
      return { answer: sealAnswer(identity, service, request.nonce, { error: payload }).toString('base64') }
    } finally {
      wipe(request.value)
    }
  }

  return {
    reveal: ({ service, request }) => answer('reveal', service, request),
    keep: ({ service, request }) => answer('keep', service, request),
  }
}

/** The identity that it was sealed with, where there is one. */
function openByAny(
  identities: readonly Buffer[],
  service: string,
  operation: SecretOperation,
  sealed: string,
): { readonly identity?: Buffer; readonly request?: SecretRequest } {
  for (const identity of identities) {
    const request = openIfGenuine(identity, service, operation, sealed)
    if (request) return { identity, request }
  }
  return {}
}

function openIfGenuine(identity: Buffer, service: string, operation: SecretOperation, sealed: string) {
  try {
    return openRequest(identity, service, operation, Buffer.from(sealed, 'base64'))
  } catch {
    return undefined
  }
}

/**
 * Lets each genuine request through once. What was asked before this gilgul began is of another life: so nonces need not
 * outlive it, nor be kept for longer than a request stays fresh.
 */
function createAdmission(nowNs: () => bigint): (request: SecretRequest) => void {
  const beganNs = nowNs()
  const seen = new Map<string, bigint>()

  return ({ nonce, askedNs }) => {
    const now = nowNs()
    for (const [known, atNs] of seen) {
      if (now - atNs <= FRESH_NS) break
      seen.delete(known)
    }
    const id = nonce.toString('hex')
    if (askedNs < beganNs || askedNs > now || now - askedNs > FRESH_NS || seen.has(id)) {
      throw new RunaError('SECRET_REFUSED', 'The request is old, or was made before.')
    }
    if (seen.size >= NONCES_MAX) throw new RunaError('BUSY', 'Too many secrets are asked for.')
    seen.set(id, now)
  }
}
