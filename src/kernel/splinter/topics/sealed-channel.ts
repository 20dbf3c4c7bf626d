import { RunaError } from '#protocol'
import type { Wiring } from '../seat/wiring.ts'
import { protect } from '../segment/privacy.ts'
import type { Channel } from './channel.ts'
import { tooShort } from './consumer.ts'
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

  return {
    publish: (message) => channel.publish(close(message)),
    publishMany: (messages) => channel.publishMany(messages.map(close)),
    publishWhenFree: (message, options) => channel.publishWhenFree(close(message), options),
    publishSync: (message, options) => channel.publishSync(close(message), options),
    subscribe: (listener, options) =>
      channel.subscribe((message) => {
        const opened = open(message)
        if (opened) listener(opened)
      }, options),
    pull(options) {
      const puller = channel.pull(options)
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
        waitSync: (wait) => opened !== undefined || puller.waitSync(wait),
        end: puller.end,
      }
    },
    close: channel.close,
  }
}
