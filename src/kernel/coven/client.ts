import type * as z from 'zod'
import { keepSecret, wipe } from '#kernel/seal'
import {
  type CovenOperation,
  covenContract,
  fromErrorPayload,
  parseOrThrow,
  RunaError,
  type VaultChange,
  vaultChangeSchema,
} from '#protocol'
import { decodeMessage, encodeMessage, type Message } from './message.ts'

type Operations = (typeof covenContract)['operations']

export interface CovenClient {
  /** False once the link is closed: whatever is asked then is refused with COVEN_LINK_BROKEN. */
  isOpen(): boolean
  /** Calls `hear` whenever the vault is opened or sealed. */
  onVault(hear: (change: VaultChange) => void): void
  /**
   * Rejects with what the contract declares, DEADLINE_EXCEEDED, BUSY, or COVEN_LINK_BROKEN. The caller wipes the value that
   * comes back.
   */
  ask<Name extends CovenOperation>(
    operation: Name,
    input: z.input<Operations[Name]['input']>,
    value?: Uint8Array,
  ): Promise<{ readonly output: z.output<Operations[Name]['output']>; readonly value: Buffer }>
}

interface Waiting {
  settle(answer: Message): void
  reject(error: unknown): void
}

const WAITING_MAX = 64

/** The asking side of the link. */
export function createCovenClient(say: (message: Buffer) => void): CovenClient & {
  readonly receive: (message: Buffer) => void
  readonly end: (fault?: RunaError) => void
} {
  const waiting = new Map<number, Waiting>()
  let count = 0
  let isOpen = true
  let hearVault = (_: VaultChange) => {}

  return {
    isOpen: () => isOpen,
    onVault(hear) {
      hearVault = hear
    },
    async ask(operation, input, value) {
      if (waiting.size >= WAITING_MAX) throw new RunaError('BUSY', 'Too many requests wait for coven.')
      count += 1
      const id = count
      const { output: schema, limits } = covenContract.operations[operation]
      const request = encodeMessage({ id, operation, input }, value)
      const answered = new Promise<Message>((settle, reject) => waiting.set(id, { settle, reject }))
      const timer = setTimeout(
        () => waiting.get(id)?.reject(new RunaError('DEADLINE_EXCEEDED')),
        limits.timeoutMs,
      )
      try {
        say(request)
        const { head, value: secret } = await answered
        if (head['error'] !== undefined) throw fromErrorPayload(head['error'])
        const output = parseOrThrow(schema, head['output'], 'COVEN_LINK_BROKEN')
        return { output: output as z.output<Operations[typeof operation]['output']>, value: secret }
      } finally {
        clearTimeout(timer)
        waiting.delete(id)
        request.fill(0)
      }
    },
    /** An answer that comes too late belongs to nobody. Whoever gets one has the value to himself. */
    receive(bytes) {
      try {
        const { head, value } = decodeMessage(bytes)
        const told = head['event'] === 'vault' ? vaultChangeSchema.safeParse(head) : undefined
        if (told?.success) return hearVault(told.data)
        waiting
          .get(Number(head['id']))
          ?.settle({ head, value: value.length === 0 ? value : keepSecret(value) })
      } finally {
        wipe(bytes)
      }
    },
    end(fault = new RunaError('COVEN_LINK_BROKEN', 'The link to coven was closed.')) {
      isOpen = false
      for (const { reject } of waiting.values()) reject(fault)
    },
  }
}
