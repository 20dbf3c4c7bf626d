import type { Channel } from '../topics/channel.ts'
import type { PublishOptions, WaitOptions } from '../topics/publisher.ts'
import { RECORD_TOPIC, type TopicMessage, type Witness } from './witness.ts'

/** A topic whose messages are written down while somebody records them: before they are published, once each. */
export function witnessChannel(channel: Channel, witness: Witness, topic: string, sealed: boolean): Channel {
  // It carries the records themselves.
  if (topic === RECORD_TOPIC) return channel
  const describe = ({ length: sizeBytes }: Uint8Array): TopicMessage => ({ topic, sizeBytes, sealed })

  function attempt<Result>(message: Uint8Array, publish: () => Result): Result {
    witness.publishing(describe(message))
    try {
      return publish()
    } catch (error) {
      witness.notPublished(describe(message))
      throw error
    }
  }

  async function attemptWhenFree(message: Uint8Array, options?: WaitOptions & PublishOptions): Promise<void> {
    witness.publishing(describe(message))
    try {
      await channel.publishWhenFree(message, options)
    } catch (error) {
      witness.notPublished(describe(message))
      throw error
    }
  }

  return {
    ...channel,
    publish(message, options) {
      if (witness.isWanted()) attempt(message, () => channel.publish(message, options))
      else channel.publish(message, options)
    },
    publishSync(message, options) {
      if (witness.isWanted()) attempt(message, () => channel.publishSync(message, options))
      else channel.publishSync(message, options)
    },
    publishWhenFree: (message, options) =>
      witness.isWanted() ? attemptWhenFree(message, options) : channel.publishWhenFree(message, options),
    publishMany(messages, options) {
      if (!witness.isWanted()) return channel.publishMany(messages, options)
      for (const message of messages) witness.publishing(describe(message))
      const published = channel.publishMany(messages, options)
      for (const message of messages.slice(published)) witness.notPublished(describe(message))
      return published
    },
    request(message, options) {
      witness.publishing(describe(message))
      return channel.request(message, options)
    },
  }
}
