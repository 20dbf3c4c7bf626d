import { createFollowUp, type Envelope, type EnvelopeFields, RunaError } from '#protocol'
import { sendPatiently, type Transport } from './transport.ts'

/** Undefined where the answer was sent at once; else a promise of that. Throws, or rejects, where it cannot be sent. */
export type Reply = (
  fields: Pick<EnvelopeFields, 'type' | 'last' | 'items' | 'payload'>,
) => Promise<void> | undefined

/**
 * Numbers the answers to one query, keeps their order, and seals them as the query was sealed. An error that cannot be
 * sent is given up.
 */
export function createReply(query: Envelope, from: string, transport: Transport): Reply {
  const { from: to } = query
  let sequence = 0
  /** Settles when the last answer that had to wait is sent. */
  let waiting: Promise<void> | undefined

  function send({ type, last, items, payload }: Parameters<Reply>[0]): Promise<void> | undefined {
    const giveUp = (error: unknown) => {
      if (type !== 'error') throw notTheCallersFault(error)
    }
    const isSent = () => {
      sequence += items ?? 1
    }
    try {
      const sent = sendPatiently(
        transport,
        createFollowUp(query, { from, to, sequence, type, last, items, payload }),
      )
      if (sent) return sent.then(isSent).catch(giveUp)
      isSent()
    } catch (error) {
      giveUp(error)
    }
    return undefined
  }

  function keepOrder(sent: Promise<void>): Promise<void> {
    const settled = sent
      .catch(() => {})
      .then(() => {
        if (waiting === settled) waiting = undefined
      })
    waiting = settled
    return sent
  }

  return (fields) => {
    if (waiting) return keepOrder(waiting.then(() => send(fields)))
    const sent = send(fields)
    return sent && keepOrder(sent)
  }
}

function notTheCallersFault(error: unknown): unknown {
  const tooLong = error instanceof RunaError && error.code === 'BAD_INPUT'
  return tooLong ? new RunaError('INTERNAL', 'The answer is too long for the bus.', { cause: error }) : error
}
