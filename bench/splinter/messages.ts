import { createRequire } from 'node:module'
import { join } from 'node:path'
import { attachBus } from '#kernel/splinter'
import { createEnvelope } from '#protocol'
import { type MessageContender, type Place, valueOf } from './contender.ts'
import { openChildMessages, openThreadMessages } from './node-ways.ts'
import { openTypedStream } from './typed-ways.ts'

/** Handed over together. */
const BATCH = 64
const CAPACITY_BYTES = 2 ** 21
const PATIENCE_MS = 10_000

export const MESSAGES: Readonly<
  Record<string, (place: Place) => MessageContender | Promise<MessageContender>>
> = {
  topic: openTopic,
  'topic, waiting thread': (place) => openWaitingTopic(place, false),
  'topic, in batches': (place) => openWaitingTopic(place, true),
  envelope: openEnvelopes,
  'typed stream': (place) => openTypedStream(place, false),
  'typed stream, sealed': (place) => openTypedStream(place, true),
  zeromq: openZeromq,
  NATS: openNats,
  Redis: openRedisChannel,
  MessagePort: openThreadMessages,
  child_process: openChildMessages,
}

/** Resolves once as many as were asked for have come. */
function createCounter() {
  let heard = 0
  let wanted = Number.POSITIVE_INFINITY
  let resolve: () => void = () => {}
  return {
    hear() {
      heard += 1
      if (heard >= wanted) resolve()
    },
    receive(times: number): Promise<void> {
      return new Promise((done) => {
        wanted = times
        resolve = () => {
          heard -= times
          wanted = Number.POSITIVE_INFINITY
          done()
        }
        if (heard >= wanted) resolve()
      })
    },
  }
}

const TOPIC = { lossless: true, capacityBytes: CAPACITY_BYTES } as const

/** Heard by the event loop. */
function openTopic(place: Place): MessageContender {
  const bus = attachBus(join(place.folder, 'bus'), { name: `bench-${place.index}` })
  const topic = bus.topic('bench', TOPIC)
  const value = valueOf(place)
  const counter = createCounter()
  if (place.index === 1) topic.subscribe(counter.hear)
  return {
    receive: counter.receive,
    async send(times) {
      for (let count = 0; count < times; count += 1) topic.publishSync(value)
    },
    close: () => bus.close(),
  }
}

/** Between threads that have nothing else to do: they sleep until there is a message, or room for one. */
function openWaitingTopic(place: Place, batched: boolean): MessageContender {
  const bus = attachBus(join(place.folder, 'bus'), { name: `bench-${place.index}` })
  const topic = bus.topic(batched ? 'batches' : 'waiting', TOPIC)
  const value = valueOf(place)
  const batch = Array.from({ length: BATCH }, () => value)
  const puller = place.index === 1 ? topic.pull() : undefined
  const into = valueOf(place)
  return {
    async receive(times) {
      for (let heard = 0; heard < times; ) {
        if ((puller?.nextInto(into) ?? -1) >= 0) heard += 1
        else if (!puller?.waitSync({ timeoutMs: PATIENCE_MS })) throw new Error('Nothing came any more.')
      }
    },
    async send(times) {
      for (let count = 0; count < times; ) {
        if (batched && times - count >= BATCH) count += topic.publishMany(batch)
        else {
          topic.publishSync(value)
          count += 1
        }
      }
    },
    close: () => bus.close(),
  }
}

/** From a name to a name, with everything that an envelope carries. */
async function openEnvelopes(place: Place): Promise<MessageContender> {
  const bus = attachBus(join(place.folder, 'bus'), { name: place.index === 1 ? 'consumer' : 'producer' })
  const counter = createCounter()
  bus.receive(counter.hear)
  bus.setState('ready')
  const payload = valueOf(place)
  return {
    receive: counter.receive,
    async send(times) {
      for (let count = 0; count < times; count += 1) {
        // Field by field, as calls make theirs: Node 20 gives each object that is spread and added to a shape of its own,
        // and whoever reads it then looks for every field.
        const envelope = createEnvelope({ from: 'producer', to: 'consumer', type: 'query', operation: 'take', payload })
        const sent = bus.sendWhenFree(envelope)
        if (sent) await sent
      }
    },
    close: () => bus.close(),
  }
}

/** As much of zeromq as is used here. */
interface ZeromqSocket extends AsyncIterable<Buffer[]> {
  bind(address: string): Promise<void>
  connect(address: string): void
  send(message: Uint8Array): Promise<void>
  close(): void
}
interface ZeromqModule {
  readonly Push: new (options: object) => ZeromqSocket
  readonly Pull: new (options: object) => ZeromqSocket
}

async function openZeromq(place: Place): Promise<MessageContender> {
  const { Push, Pull } = createRequire(place.peers)('zeromq') as ZeromqModule
  const address = `ipc://${join(place.folder, 'zeromq')}`
  const value = valueOf(place)
  const counter = createCounter()
  const isConsumer = place.index === 1
  const socket = isConsumer ? new Pull({ receiveHighWaterMark: 10_000 }) : new Push({ sendHighWaterMark: 10_000 })
  if (isConsumer) {
    await socket.bind(address)
    void hearAll(socket, counter.hear)
  } else socket.connect(address)
  return {
    receive: counter.receive,
    async send(times) {
      for (let count = 0; count < times; count += 1) await socket.send(value)
    },
    close: () => socket.close(),
  }
}

async function hearAll(socket: AsyncIterable<Buffer[]>, hear: () => void): Promise<void> {
  for await (const [_message] of socket) hear()
}

/** As much of @nats-io/transport-node as is used here. */
export interface Nats {
  publish(subject: string, payload: Uint8Array): void
  subscribe(subject: string, options: { callback(error: unknown, message: NatsMessage): void }): unknown
  request(subject: string, payload: Uint8Array): Promise<unknown>
  flush(): Promise<void>
  close(): Promise<void>
}
export interface NatsMessage {
  readonly data: Uint8Array
  respond(payload: Uint8Array): boolean
}

export function connectNats({ peers, natsPort }: Place): Promise<Nats> {
  const { connect } = createRequire(peers)('@nats-io/transport-node') as {
    connect(options: object): Promise<Nats>
  }
  return connect({ servers: `127.0.0.1:${natsPort}` })
}

async function openNats(place: Place): Promise<MessageContender> {
  const connection = await connectNats(place)
  const counter = createCounter()
  const value = valueOf(place)
  if (place.index === 1) {
    connection.subscribe('bench', { callback: counter.hear })
    await connection.flush()
  }
  return {
    receive: counter.receive,
    async send(times) {
      for (let count = 1; count <= times; count += 1) {
        connection.publish('bench', value)
        if (count % 1_000 === 0) await connection.flush()
      }
      await connection.flush()
    },
    close: () => connection.close(),
  }
}

interface RedisPublisher {
  connect(): Promise<unknown>
  publish(channel: string, message: Buffer): Promise<number>
  subscribe(channel: string, listener: () => void, bufferMode: true): Promise<void>
  close(): Promise<void> | void
}

async function openRedisChannel(place: Place): Promise<MessageContender> {
  const { createClient } = createRequire(place.peers)('redis') as { createClient(options: object): RedisPublisher }
  const client = createClient({ socket: { path: join(place.folder, 'redis.sock') } })
  await client.connect()
  const counter = createCounter()
  const value = valueOf(place)
  if (place.index === 1) await client.subscribe('bench', counter.hear, true)
  return {
    receive: counter.receive,
    async send(times) {
      for (let count = 0; count < times; count += BATCH) {
        const together = Math.min(BATCH, times - count)
        await Promise.all(Array.from({ length: together }, () => client.publish('bench', value)))
      }
    },
    close: () => client.close(),
  }
}
