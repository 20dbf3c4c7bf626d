import { RunaError } from '#protocol'
import type { Wiring } from '../seat/wiring.ts'
import { protect } from '../segment/privacy.ts'
import type { Channel } from './channel.ts'
import { tooShort } from './consumer.ts'
import type { Puller } from './puller.ts'
import type { MessageStream } from './stream.ts'
import type { TopicOptions } from './topic.ts'

/**
 * A topic whose messages are sealed, where the bus seals them: bound to its name, so that one cannot be moved to
 * another topic. Whoever can write to the memory may repeat one, or leave it out.
 */
export function sealChannel(
  channel: Channel,
  { own, protection }: Pick<Wiring, 'own' | 'protection'>,
  name: string,
  { words }: TopicOptions = {},
): Channel {
  const seal = protection.sealFor(words)
  if (!seal) return channel
  const place = Buffer.from(`topic ${name}`)

  function open(message: Uint8Array): Uint8Array | undefined {
    try {
      return seal?.open(message, place)
    } catch (error) {
      if (!(error instanceof RunaError)) throw error
      own.count('damaged', 1)
      return undefined
    }
  }

  const close = (message: Uint8Array) => protect(seal, message, place)

  function openOrThrow(message: Uint8Array): Uint8Array {
    const opened = open(message)
    if (opened) return opened
    throw new RunaError('SEAL_BROKEN')
  }

  return {
    publish: (message, options) => channel.publish(close(message), options),
    publishMany: (messages, options) => channel.publishMany(messages.map(close), options),
    publishWhenFree: (message, options) => channel.publishWhenFree(close(message), options),
    publishSync: (message, options) => channel.publishSync(close(message), options),
    subscribe: (listener, options) =>
      channel.subscribe((message, delivery) => {
        const opened = open(message)
        return opened && listener(opened, delivery)
      }, options),
    stream: (options) => openStream(channel.stream(options), open),
    async request(message, options) {
      return openOrThrow(await channel.request(close(message), options))
    },
    reply: (replier, options) =>
      channel.reply(async (message, delivery) => {
        try {
          return close(await replier(openOrThrow(message), delivery))
        } catch (error) {
          // In clear, only its code crosses: the message may hold what was sealed.
          throw new RunaError(error instanceof RunaError ? error.code : 'INTERNAL')
        }
      }, options),
    pull: (options) => openPuller(channel.pull(options), open),
    close: channel.close,
  }
}

/** What does not open is counted, and passed over. */
function openStream(
  stream: MessageStream,
  open: (message: Uint8Array) => Uint8Array | undefined,
): MessageStream {
  return {
    async next() {
      for (;;) {
        const result = await stream.next()
        if (result.done) return result
        const value = open(result.value)
        if (value) return { done: false, value }
      }
    },
    async return() {
      await stream.return?.()
      return { done: true, value: undefined }
    },
    [Symbol.asyncIterator]() {
      return this
    },
  }
}

/** What does not open is counted, and passed over. */
function openPuller(puller: Puller, open: (message: Uint8Array) => Uint8Array | undefined): Puller {
  /** Opened, but not yet taken. */
  let opened: Uint8Array | undefined
  /** What does not open is counted, and passed over. */
  function peek(): Uint8Array | undefined {
    while (opened === undefined) {
      const message = puller.next()
      if (message === undefined) break
      opened = open(message)
    }
    return opened
  }
  return {
    get lost() {
      return puller.lost
    },
    next() {
      const message = peek()
      opened = undefined
      return message
    },
    nextInto(into) {
      const message = peek()
      if (message === undefined) return -1
      if (message.length > into.length) throw tooShort(message.length, into.length)
      opened = undefined
      into.set(message)
      return message.length
    },
    last: puller.last,
    wait: async (options) => opened !== undefined || (await puller.wait(options)),
    waitSync: (wait) => opened !== undefined || puller.waitSync(wait),
    end: puller.end,
  }
}
