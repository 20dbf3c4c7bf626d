import type { Bus } from '#kernel/splinter'
import { RunaError } from '#protocol'
import { createFilter } from '../bus/filter.ts'
import { untilStopped } from '../bus/topic-work.ts'
import { carry, preview } from '../bus/values.ts'
import { plural, print } from '../output.ts'
import { type MessageFilter, passes } from './message-filter.ts'
import { timeOf } from './tap-page.ts'

interface TopicTapOptions {
  /** The contract whose words the topic carries. Without it, what is sealed stays so. */
  readonly words?: string
  /** What a message has to be to be shown; see `createFilter`. */
  readonly containing?: string
  readonly where?: string
  readonly json: boolean
}

/** The topic that carries envelopes to everybody. */
export const EVENTS_TOPIC = '*'

/**
 * Shows what is sent to everybody, with what it says: of words only where their contract was asked for, and the door has
 * given its key. Until the signal.
 */
export async function tapEvents(
  bus: Bus,
  { words, json, ...filter }: TopicTapOptions & MessageFilter,
  signal: AbortSignal,
): Promise<void> {
  const end = bus.overhear((envelope) => {
    const { payload, sentAt: at, from, type, operation, trace } = envelope
    const mayShow = envelope.words === undefined || envelope.words === words
    const shown = {
      at,
      from,
      type,
      operation,
      trace,
      ...(mayShow ? { payload } : { sealed: envelope.words }),
    }
    if (!passes(filter, { ...shown, to: EVENTS_TOPIC, sizeBytes: 0, sealed: !mayShow })) return
    const text = mayShow ? describePayload(payload) : `words of ${envelope.words}, sealed`
    print(shown, json, `${timeOf(at)} ${from}  ${type} ${operation}: ${text}`)
  })
  await untilStopped(signal).finally(end)
  throw new RunaError('CANCELLED', 'Stopped.')
}

function describePayload(payload: unknown): string {
  if (payload instanceof Uint8Array) return preview(payload)
  return payload === undefined ? 'nothing' : JSON.stringify(payload)
}

/** Shows what is published on a topic, without being one of those whom it waits for. Until the signal. */
export async function tapTopic(
  bus: Bus,
  topic: string,
  { words, json, containing, where }: TopicTapOptions,
  signal: AbortSignal,
): Promise<void> {
  const isWanted = createFilter(containing, where)
  let told = 0
  const observation = bus.observe(topic, words === undefined ? {} : { words }, (message) => {
    tellLosses()
    if (!isWanted(message)) return
    const at = Date.now()
    const sizeBytes = message.length
    print(
      { at, topic, sizeBytes, ...carry(message) },
      json,
      `${timeOf(at)} ${sizeBytes} B: ${preview(message)}`,
    )
  })

  function tellLosses(): void {
    const lost = observation.lost - told
    if (lost === 0) return
    told = observation.lost
    print({ at: Date.now(), topic, lost }, json, `${plural(lost, 'message')} came too fast to be shown.`)
  }

  await untilStopped(signal).finally(observation.end)
  throw new RunaError('CANCELLED', 'Stopped.')
}
