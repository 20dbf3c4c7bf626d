import { RunaError } from '#protocol'
import type { Wiring } from '../seat/wiring.ts'
import { ANNOUNCEMENTS_TOPIC, encodeAnnouncement } from '../store/announcement-format.ts'
import type { Channel, LossAnnouncer } from './channel.ts'
import { listTopics, type TopicOptions } from './topic.ts'

/** Publishes losses where somebody has asked for announcements. Never throws: where there is no room, nobody is told. */
export function createLossAnnouncer(
  { segment }: Pick<Wiring, 'segment'>,
  open: (name: string, options: TopicOptions) => Channel,
): LossAnnouncer {
  return (what, topic, count) => {
    // Of its own losses, a topic cannot tell.
    if (topic === ANNOUNCEMENTS_TOPIC) return
    const found = listTopics(segment).find(({ name }) => name === ANNOUNCEMENTS_TOPIC)
    if (!found) return
    try {
      const { lossless } = found.place
      open(ANNOUNCEMENTS_TOPIC, { lossless }).publish(
        encodeAnnouncement({ what, at: Date.now(), topic, count }),
      )
    } catch (error) {
      if (!(error instanceof RunaError)) throw error
    }
  }
}
