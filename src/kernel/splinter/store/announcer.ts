import { RunaError } from '#protocol'
import type { Segment } from '../segment/segment.ts'
import type { Channel } from '../topics/channel.ts'
import { listTopics, type TopicOptions } from '../topics/topic.ts'
import { ANNOUNCEMENTS_TOPIC, type Announcement, encodeAnnouncement } from './announcement-format.ts'

/**
 * Tells whoever has subscribed to the announcements of the bus. False where the topic is lossless and a living subscriber
 * has no room, or the topic none for a value of that length: then what is announced must not happen yet.
 */
type Announce = (announcement: Announcement, value?: Uint8Array) => boolean

/** Nobody has subscribed until the topic exists; from then on it exists for good. */
export function createAnnouncer(
  segment: Segment,
  openTopic: (name: string, options: TopicOptions) => Pick<Channel, 'publish'>,
): Announce {
  let known: { readonly channel: Pick<Channel, 'publish'>; readonly isLossless: boolean } | undefined

  function find(): typeof known {
    const topic = listTopics(segment).find(({ name }) => name === ANNOUNCEMENTS_TOPIC)
    if (!topic) return undefined
    const { lossless } = topic.place
    return { channel: openTopic(ANNOUNCEMENTS_TOPIC, { lossless }), isLossless: lossless }
  }

  return (announcement, value) => {
    known ??= find()
    if (!known) return true
    const { channel, isLossless } = known
    try {
      channel.publish(encodeAnnouncement(announcement, value))
      return true
    } catch (error) {
      if (!(error instanceof RunaError)) throw error
      if (isLossless) return false
      // Lossy topics refuse only what is longer than all of them.
      if (error.code !== 'BAD_INPUT' || value === undefined) return true
    }
    channel.publish(encodeAnnouncement({ ...announcement, isValueLeftOut: true }))
    return true
  }
}
