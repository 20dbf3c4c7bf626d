import type * as z from 'zod'
import { secretMemory, wipe } from '#kernel/seal'
import { type CovenOperation, covenContract, parseOrThrow, RunaError, toErrorPayload } from '#protocol'
import type { Audit } from './audit.ts'
import { createChanging } from './giving/changing.ts'
import { createGiving } from './giving/giving.ts'
import type { Answer, CovenHandlers, Operations } from './giving/handlers.ts'
import { createLedger } from './giving/ledger.ts'
import { decodeMessage, encodeMessage } from './message.ts'
import type { Vault } from './vault.ts'

const RUNNING_MAX = 64
/** A message holds twice that, and one secret with all its grants a tenth. */
const PAGE_LENGTH_MAX = 64 * 1_024

export interface CovenOptions {
  readonly vault: Vault
  readonly audit: Audit
  /** Milliseconds since 1970. */
  readonly now?: () => number
}

/** No secret is told and nothing is changed before it is written down. What is refused is written down as well. */
export function createCoven({ vault, audit, now = Date.now }: CovenOptions): CovenHandlers {
  const ledger = createLedger(vault, audit, now)
  return {
    ...createGiving(vault, ledger),
    ...createChanging(vault, ledger),
    async list({ after }) {
      return { output: pageOf(vault.list(), after) }
    },
    async versions({ name }) {
      return { output: { versions: vault.versions(name) } }
    },
    async state() {
      return { output: { vault: 'open' } }
    },
    async memory() {
      return { output: tellMemory() }
    },
    async audit({ count }) {
      return { output: { entries: await audit.latest(count), count: audit.mark().count } }
    },
  }
}

type Summaries = ReturnType<Vault['list']>

/** In the order of names. What one message cannot hold comes with the next. */
function pageOf(secrets: Summaries, after = ''): { secrets: Summaries; isEnd: boolean } {
  const rest = secrets.filter(({ name }) => name > after).sort((a, b) => (a.name < b.name ? -1 : 1))
  let room = PAGE_LENGTH_MAX
  const page = rest.filter((secret) => {
    room = room < 0 ? room : room - JSON.stringify(secret).length
    return room >= 0
  })
  return { secrets: page, isEnd: page.length === rest.length }
}

/** What it takes no open vault to tell. */
export function tellMemory(): z.input<Operations['memory']['output']> {
  return secretMemory()
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
