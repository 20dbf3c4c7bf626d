import type * as z from 'zod'
import { secretMemory, wipe } from '#kernel/seal'
import {
  type AuditEntry,
  type CovenOperation,
  covenContract,
  parseOrThrow,
  RunaError,
  toErrorPayload,
} from '#protocol'
import type { Audit } from './audit.ts'
import { decodeMessage, encodeMessage } from './message.ts'
import { SECRET_BYTES_MAX, type Vault } from './vault.ts'

/** How long a service should keep a secret before it asks again. */
const LEASE_MS = 15 * 60_000
const RUNNING_MAX = 64

export interface CovenOptions {
  readonly vault: Vault
  readonly audit: Audit
  /** Milliseconds since 1970. */
  readonly now?: () => number
}

type Operations = (typeof covenContract)['operations']
interface Answer<Name extends CovenOperation> {
  readonly output: z.input<Operations[Name]['output']>
  /** Wiped once it was sent. */
  readonly value?: Buffer
}

/** What coven does for gilgul: one function for each operation of its contract, with the secret beside the input. */
export type CovenHandlers = {
  readonly [Name in CovenOperation]: (
    input: z.output<Operations[Name]['input']>,
    value: Buffer,
  ) => Promise<Answer<Name>>
}

/** No secret is told and nothing is changed before it is written down. What is refused is written down as well. */
export function createCoven({ vault, audit, now = Date.now }: CovenOptions): CovenHandlers {
  type About = Omit<AuditEntry, 'at' | 'outcome' | 'revision'>
  const write = (about: About, outcome: AuditEntry['outcome'], revision = vault.revision()) =>
    audit.append({ ...about, at: now(), outcome, revision })
  const refuseUnknown = async (about: About) => {
    if (vault.list().some(({ name }) => name === about.secret)) return
    await write(about, 'refused')
    throw new RunaError('SECRET_UNKNOWN', `There is no secret named ${about.secret}.`)
  }
  const writeChange = (about: About) => write(about, 'granted', vault.revision() + 1)

  return {
    async set({ name, service }, value) {
      if (value.length > SECRET_BYTES_MAX) {
        throw new RunaError('BAD_INPUT', `A secret has at most ${SECRET_BYTES_MAX} bytes.`)
      }
      await writeChange({ operation: 'set', secret: name, service })
      return { output: { version: await vault.set(name, value) } }
    },
    async reveal({ name, service, version }) {
      const about = { operation: 'reveal', secret: name, service }
      // Who was not granted a secret does not learn either whether there is one of that name.
      if (!vault.isGranted(name, service)) {
        await write(about, 'refused')
        throw new RunaError('SECRET_NOT_GRANTED', `${service} was not granted ${name}.`)
      }
      const revealed = vault.read(name, version)
      try {
        await write(about, 'granted')
      } catch (error) {
        wipe(revealed.value)
        throw error
      }
      return { output: { version: revealed.version, leaseMs: LEASE_MS }, value: revealed.value }
    },
    async grant({ name, to, granted, service }) {
      const about = { operation: granted ? `grant to ${to}` : `take from ${to}`, secret: name, service }
      await refuseUnknown(about)
      await writeChange(about)
      await vault.grant(name, to, granted)
      return { output: {} }
    },
    async remove({ name, service }) {
      const about = { operation: 'remove', secret: name, service }
      await refuseUnknown(about)
      await writeChange(about)
      await vault.remove(name)
      return { output: {} }
    },
    async identity({ service }) {
      await writeChange({ operation: 'identity', secret: '', service })
      return { output: {}, value: await vault.identity(service) }
    },
    async list() {
      return { output: { secrets: vault.list() } }
    },
    async memory() {
      return { output: secretMemory() }
    },
    async audit({ count }) {
      return { output: { entries: await audit.latest(count), count: audit.mark().count } }
    },
  }
}

/** Answers requests as they come over a link: bytes in, bytes out. Rejects only for what cannot be understood at all. */
export function createDesk(handlers: CovenHandlers): (request: Buffer) => Promise<Buffer> {
  let running = 0
  return async (request) => {
    const { head, value } = decodeMessage(request)
    const { id, operation } = head
    const declared = isOperation(operation) ? covenContract.operations[operation].errors : []
    running += 1
    try {
      if (!isOperation(operation)) throw new RunaError('UNKNOWN_OPERATION')
      if (running > RUNNING_MAX) throw new RunaError('BUSY', 'coven is busy with other requests.')
      const answer = await perform(handlers, operation, head['input'], value)
      const encoded = encodeMessage({ id, output: answer.output }, answer.value)
      wipe(answer.value ?? Buffer.alloc(0))
      return encoded
    } catch (error) {
      return encodeMessage({ id, error: toErrorPayload(error, String(id), declared) })
    } finally {
      running -= 1
      wipe(request)
    }
  }
}

function isOperation(name: unknown): name is CovenOperation {
  return typeof name === 'string' && Object.hasOwn(covenContract.operations, name)
}

async function perform<Name extends CovenOperation>(
  handlers: CovenHandlers,
  operation: Name,
  input: unknown,
  value: Buffer,
): Promise<Answer<Name>> {
  const { input: schema } = covenContract.operations[operation]
  const checked = parseOrThrow(schema, input) as z.output<Operations[Name]['input']>
  return await handlers[operation](checked, value)
}
