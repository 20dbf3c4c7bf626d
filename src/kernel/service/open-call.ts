import { createFollowUp, type Envelope, RunaError } from '#protocol'
import { startDeadline } from './deadlines.ts'
import type { Inbox } from './inbox.ts'
import { sendOnceAwake } from './sleeping-service.ts'
import { sendIfPossible, type Transport } from './transport.ts'

/** A call that was sent, and whose answers come into its inbox. */
export interface OpenCall {
  readonly inbox: Inbox
  /** Lets the service send that many more items. */
  grant(items: number): void
  /** Ends the waiting, and tells the service where it is not finished yet. To be called once. */
  end(): void
}

/** Sends the query, and ends the waiting for answers on the deadline or the signal, whichever comes first. */
export function openCall(
  query: Envelope,
  transport: Transport,
  inbox: Inbox,
  register: () => () => void,
  signal: AbortSignal | undefined,
): OpenCall {
  const { from, to, timeToLiveMs } = query
  // Neither holds words: they are sent in clear, whatever the query was.
  const followUp = (type: 'credit' | 'cancel', payload?: number) =>
    createFollowUp(query, { from, to, words: undefined, type, payload })
  const cancelled = () => new RunaError('CANCELLED', undefined, { cause: signal?.reason })
  const abandon = () => inbox.fail(cancelled())

  let unregister = () => {}
  function send(): void {
    // Watched before it is called: a death in between is then seen.
    const end = register()
    try {
      transport.send(query)
      unregister = end
    } catch (error) {
      end()
      throw error
    }
  }

  if (signal?.aborted) throw cancelled()
  const endWaiting = sendOnceAwake(transport, to, send, (error) => inbox.fail(error))
  const endDeadline = startDeadline(timeToLiveMs, () => inbox.fail(new RunaError('DEADLINE_EXCEEDED')))
  signal?.addEventListener('abort', abandon, { once: true })

  return {
    inbox,
    grant(items) {
      try {
        transport.send(followUp('credit', items))
      } catch (error) {
        // What a service that is gone had sent before can be taken all the same.
        if (!(error instanceof RunaError && error.code === 'SERVICE_LOST')) throw error
      }
    },
    end() {
      endWaiting()
      unregister()
      endDeadline()
      signal?.removeEventListener('abort', abandon)
      if (!inbox.isEnded) sendIfPossible(transport, followUp('cancel'))
    },
  }
}
