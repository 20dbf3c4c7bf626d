import type { Msg, NatsConnection } from '@nats-io/transport-node'
import { headers } from '@nats-io/transport-node'
import type { FarMessage, FarSide } from './far-side.ts'

/** The header that JetStream knows duplicates by; where it is not at work, the receiver does. */
const ID_HEADER = 'Nats-Msg-Id'
/** Messages that came and are not yet published here. */
const WAITING_MAX = 4_096

export interface SubjectOptions {
  /** Without the last part, which is the name of who sends. */
  readonly subject: string
  /** Of this machine. */
  readonly name: string
  /** Called for what came faster than it could be published here. */
  readonly onDropped: () => void
}

/** Core NATS: who is there hears it, who is away misses it. */
export function openPassingSubject(connection: NatsConnection, options: SubjectOptions): FarSide {
  const { subject, name, onDropped } = options
  return {
    keeper: undefined,
    async send(messages) {
      for (const { bytes, id } of messages) {
        const about = headers()
        about.set(ID_HEADER, id)
        connection.publish(`${subject}.${name}`, bytes, { headers: about })
      }
      // Also says that the server has what was written before.
      await connection.flush()
    },
    lastSentId: async () => undefined,
    async receive(listener) {
      const queue = createQueue(listener, onDropped)
      connection.subscribe(`${subject}.*`, {
        callback: (error, message) => {
          if (error === null) queue.put(describeMessage(message, undefined))
        },
      })
      // From here on the client itself begins anew after each reconnection.
      await connection.closed()
    },
  }
}

export function describeMessage(
  message: Pick<Msg, 'data' | 'subject' | 'headers'>,
  place: number | undefined,
): FarMessage {
  return {
    bytes: message.data,
    origin: message.subject.slice(message.subject.lastIndexOf('.') + 1),
    id: message.headers?.get(ID_HEADER) || undefined,
    place,
  }
}

/** One after the other, and never more than fit. */
function createQueue(listener: (message: FarMessage) => Promise<void>, onDropped: () => void) {
  const waiting: FarMessage[] = []
  let running = false
  async function run(): Promise<void> {
    running = true
    for (let next = waiting.shift(); next; next = waiting.shift()) await listener(next)
    running = false
  }
  return {
    put(message: FarMessage): void {
      if (waiting.length >= WAITING_MAX) {
        onDropped()
        return
      }
      waiting.push(message)
      if (!running) void run()
    },
  }
}
