import { RunaError } from '#protocol'
import type { Wiring } from '../seat/wiring.ts'
import { protect } from '../segment/privacy.ts'
import type { Channel } from './channel.ts'
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

  return {
    publish: (message) => channel.publish(protect(seal, message, place)),
    publishWhenFree: (message, options) => channel.publishWhenFree(protect(seal, message, place), options),
    subscribe: (listener) =>
      channel.subscribe((message) => {
        const opened = open(message)
        if (opened) listener(opened)
      }),
    close: channel.close,
  }
}
