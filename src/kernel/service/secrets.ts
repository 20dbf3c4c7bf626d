import { wipe } from '#kernel/seal'
import { gilgulContract, type LeaseEnded, RunaError } from '#protocol'
import { call, listen } from './call.ts'
import {
  createRequest,
  type LeasedSecret,
  openAnswer,
  type SecretOperation,
  sealRequest,
} from './secret-talk.ts'
import type { Transport } from './transport.ts'

/**
 * Secrets for a service. It asks gilgul, which asks coven, which writes down who asked before it answers. Everything
 * rejects with SECRETS_MISSING where Runa runs without coven, SECRET_NOT_GRANTED, SECRET_REFUSED, AUDIT_FAILED, or as any
 * call does.
 */
export interface Secrets {
  /** False where Runa runs without coven. */
  readonly available: boolean
  /** The caller wipes it. Rejects with SECRET_UNKNOWN as well. */
  reveal(name: string): Promise<Buffer>
  /** Puts a secret of this service's own in the place of the one before. Rejects with VAULT_FULL, DISK_FULL as well. */
  keep(name: string, value: Uint8Array): Promise<void>
}

export interface LeasedSecrets extends Secrets {
  /** As `reveal`, with the terms on which it may be held. */
  lease(name: string): Promise<LeasedSecret>
  /** Calls `hear` when a lease of this service has ended, of its own or because it was taken back. Returns the end of it. */
  onLeaseEnd(hear: (ended: LeaseEnded) => void): () => void
}

export function createSecrets(
  service: string,
  identity: Buffer | undefined,
  transport: Transport,
): LeasedSecrets {
  const gilgul = call(gilgulContract, transport, { name: service })

  async function ask(operation: SecretOperation, name: string, value?: Uint8Array): Promise<LeasedSecret> {
    if (!identity) throw new RunaError('SECRETS_MISSING')
    const request = createRequest(name, value)
    const sealed = sealRequest(identity, service, operation, request)
    wipe(request.value)
    const { answer } = await gilgul[operation]({ service, request: sealed.toString('base64') })
    return openAnswer(identity, service, request.nonce, Buffer.from(answer, 'base64'))
  }

  return {
    available: identity !== undefined,
    reveal: async (name) => (await ask('reveal', name)).value,
    lease: (name) => ask('reveal', name),
    async keep(name, value) {
      await ask('keep', name, value)
    },
    onLeaseEnd(hear) {
      const mine = (ended: LeaseEnded) => ended.service === service && hear(ended)
      return listen(gilgulContract, transport, { leaseEnded: (ended) => void mine(ended) })
    },
  }
}
