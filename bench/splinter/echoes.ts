import { createRequire } from 'node:module'
import { join } from 'node:path'
import { attachBus } from '#kernel/splinter'
import { type EchoContender, type Place, valueOf } from './contender.ts'
import { connectNats } from './messages.ts'
import { openChildEcho, openThreadEcho } from './node-ways.ts'
import { answerInTurns, openFutex, PATIENCE_MS, waitFor } from './raw-futex.ts'
import { openTypedCall } from './typed-ways.ts'

/** Process 0 asks, process 1 answers. */
export const ECHOES: Readonly<Record<string, (place: Place) => EchoContender | Promise<EchoContender>>> = {
  'waiting thread': openWaiting,
  'event loop': openTopics,
  'raw futex': openFutex,
  'typed call': (place) => openTypedCall(place, false),
  'typed call, sealed': (place) => openTypedCall(place, true),
  MessagePort: openThreadEcho,
  child_process: openChildEcho,
  zeromq: openZeromq,
  NATS: openNats,
  Redis: openRedis,
}

const TOPIC = { lossless: true, capacityBytes: 2 ** 18 } as const

/** Hands each answer to whoever waits for it: one at a time. */
function createTurn() {
  let resolve: () => void = () => {}
  return {
    hear: () => resolve(),
    wait: () =>
      new Promise<void>((done) => {
        resolve = done
      }),
  }
}

function openTopics(place: Place): EchoContender {
  const bus = attachBus(join(place.folder, 'bus'), { name: `bench-${place.index}` })
  const [there, back] = [bus.topic('there', TOPIC), bus.topic('back', TOPIC)]
  const value = valueOf(place)
  const turn = createTurn()
  if (place.index === 1) there.subscribe((message) => back.publish(message))
  else back.subscribe(turn.hear)
  return {
    roundTrip() {
      const answer = turn.wait()
      there.publish(value)
      return answer
    },
    close: () => bus.close(),
  }
}

/** Threads that sleep until an answer is there. */
function openWaiting(place: Place): EchoContender {
  const bus = attachBus(join(place.folder, 'bus'), { name: `bench-${place.index}` })
  const [there, back] = [bus.topic('waiting-there', TOPIC), bus.topic('waiting-back', TOPIC)]
  const [outgoing, incoming] = place.index === 0 ? [there, back.pull()] : [back, there.pull()]
  const value = valueOf(place)
  const into = valueOf(place)
  const take = () => {
    const isThere = incoming.nextInto(into) >= 0
    return isThere || (incoming.waitSync({ timeoutMs: PATIENCE_MS }) && incoming.nextInto(into) >= 0)
  }
  const endAnswering = place.index === 1 ? answerInTurns(() => take() && outgoing.publish(into)) : () => {}
  return {
    roundTrip() {
      outgoing.publish(value)
      waitFor(take)
    },
    close() {
      endAnswering()
      bus.close()
    },
  }
}

/** As much of zeromq as is used here. */
interface ZeromqPair {
  bind(address: string): Promise<void>
  connect(address: string): void
  send(message: Uint8Array): Promise<void>
  receive(): Promise<Uint8Array[]>
  close(): void
}

async function openZeromq(place: Place): Promise<EchoContender> {
  const { Pair } = createRequire(place.peers)('zeromq') as { readonly Pair: new () => ZeromqPair }
  const address = `ipc://${join(place.folder, 'zeromq-echo')}`
  const socket = new Pair()
  const value = valueOf(place)
  if (place.index === 1) {
    await socket.bind(address)
    void answerAll(socket)
  } else socket.connect(address)
  return {
    async roundTrip() {
      await socket.send(value)
      await socket.receive()
    },
    close: () => socket.close(),
  }
}

async function answerAll(socket: ZeromqPair): Promise<void> {
  for (;;) {
    const [message] = await socket.receive()
    await socket.send(message ?? new Uint8Array())
  }
}

async function openNats(place: Place): Promise<EchoContender> {
  const connection = await connectNats(place)
  const value = valueOf(place)
  if (place.index === 1) {
    connection.subscribe('echo', { callback: (_error, message) => void message.respond(message.data) })
    await connection.flush()
  }
  return {
    async roundTrip() {
      await connection.request('echo', value)
    },
    close: () => connection.close(),
  }
}

interface RedisGetter {
  connect(): Promise<unknown>
  set(key: string, value: Buffer): Promise<unknown>
  get(key: string): Promise<unknown>
  close(): Promise<void> | void
}

/** The server answers: as far as a question to Redis has to go. */
async function openRedis(place: Place): Promise<EchoContender> {
  const { createClient } = createRequire(place.peers)('redis') as { createClient(options: object): RedisGetter }
  const client = createClient({ socket: { path: join(place.folder, 'redis.sock') } })
  await client.connect()
  await client.set('echo', valueOf(place))
  return {
    async roundTrip() {
      await client.get('echo')
    },
    close: () => client.close(),
  }
}
