import {
  AckPolicy,
  DeliverPolicy,
  DiscardPolicy,
  JetStreamApiCodes,
  JetStreamApiError,
  type JetStreamClient,
  type JetStreamManager,
  jetstream,
  jetstreamManager,
  RetentionPolicy,
} from '@nats-io/jetstream'
import type { NatsConnection } from '@nats-io/transport-node'
import type { FarSide } from './far-side.ts'
import { describeMessage, type SubjectOptions } from './passing-subject.ts'

/** Of a stream that is made here; an owner who wants more makes the stream by hand. */
const STREAM_BYTES_MAX = 256 * 2 ** 20
/** Handed over and not yet acknowledged: one is published at a time, the others are on their way. */
const UNACKNOWLEDGED_MAX = 256
/** Then JetStream hands it over again. */
const ACKNOWLEDGE_NS = 30_000_000_000

/** JetStream keeps what is sent, and remembers for each machine how far it has read. */
export async function openLastingSubject(
  connection: NatsConnection,
  { subject, name }: SubjectOptions,
): Promise<FarSide> {
  const streams = await jetstreamManager(connection)
  const client = jetstream(connection)
  const stream = await findOrMakeStream(streams, subject)
  const { created } = await streams.streams.info(stream)
  return {
    keeper: `${stream} ${created}`,
    async send(messages) {
      // Sent together, stored in the order in which they were sent.
      const sending = messages.map(({ bytes, id }) =>
        client.publish(`${subject}.${name}`, bytes, { msgID: id }),
      )
      await Promise.all(sending)
    },
    async lastSentId() {
      const last = await streams.streams.getMessage(stream, { last_by_subj: `${subject}.${name}` })
      return last?.header.get('Nats-Msg-Id') || undefined
    },
    receive: (listener) => consume({ streams, client, stream, subject, name }, listener),
  }
}

async function findOrMakeStream({ streams }: JetStreamManager, subject: string): Promise<string> {
  const subjects = [`${subject}.*`]
  try {
    return await streams.find(`${subject}.any`)
  } catch (error) {
    if (!(error instanceof JetStreamApiError && error.code === JetStreamApiCodes.StreamNotFound)) throw error
  }
  const name = `runa-${subject.replaceAll('.', '-')}`
  const limits = {
    max_bytes: STREAM_BYTES_MAX,
    discard: DiscardPolicy.Old,
    retention: RetentionPolicy.Limits,
  }
  await streams.add({ name, subjects, ...limits })
  return name
}

interface Reading {
  readonly streams: JetStreamManager
  readonly client: JetStreamClient
  readonly stream: string
  readonly subject: string
  readonly name: string
}

async function consume(
  { streams, client, stream, subject, name }: Reading,
  listener: Parameters<FarSide['receive']>[0],
): Promise<void> {
  const durable = `runa-${name}-${subject.replaceAll('.', '-')}`
  await streams.consumers.add(stream, {
    durable_name: durable,
    filter_subject: `${subject}.*`,
    ack_policy: AckPolicy.Explicit,
    deliver_policy: DeliverPolicy.All,
    ack_wait: ACKNOWLEDGE_NS,
    max_ack_pending: UNACKNOWLEDGED_MAX,
  })
  const consumer = await client.consumers.get(stream, durable)
  const messages = await consumer.consume({ max_messages: UNACKNOWLEDGED_MAX })
  for await (const message of messages) {
    await listener(describeMessage(message as never, message.seq))
    message.ack()
  }
}
