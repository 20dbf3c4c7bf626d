import type { Wiring } from '../seat/wiring.ts'
import { checkFlag, checkListener, checkOptions, refuseUnless } from '../segment/arguments.ts'
import type { Layout } from '../segment/geometry.ts'
import { createLossAnnouncer } from '../topics/announce.ts'
import type { Channel } from '../topics/channel.ts'
import { observeSealed } from '../topics/sealed-observer.ts'
import type { MessageListener, Subscription } from '../topics/subscription.ts'
import type { TopicOptions } from '../topics/topic.ts'
import { lookOn } from './onlooker.ts'
import type { RecordedMessage } from './recorded.ts'
import { type Recording, type RecordingOptions, startRecording } from './recording.ts'
import { RECORD_TOPIC } from './witness.ts'

/** What looks at the traffic of others. */
export interface Looks {
  /**
   * Hears a topic without being noticed: nobody waits for it, and it loses what it is too slow for, which it counts. What
   * is sealed and cannot be opened is heard as it lies in memory. Throws BAD_INPUT where there is no such topic.
   */
  observe(topic: string, options: Pick<TopicOptions, 'words'>, listener: MessageListener): Subscription
  /**
   * From now on everybody on the bus writes down what it sends, and never what it says. Throws BUSY where another member
   * records, BUS_FULL where there is no room for it.
   */
  record(options: RecordingOptions): Recording
  /** As `record`, but not noticed, and without a claim to hear everything. Returns the end of it. */
  lookOn(listener: (message: RecordedMessage) => void): () => void
}

/** The topic of the records: about 2,000 messages, or an eighth of what a small bus has for topics. */
export function recordOptions({ topicsBytes }: Layout): TopicOptions {
  return { lossless: true, capacityBytes: Math.min(2 ** 19, topicsBytes >> 3) }
}

/** Throws BAD_INPUT. */
function checkRecording(options: RecordingOptions): void {
  checkOptions(options)
  checkFlag('strict', options.strict)
  const hasKeep = typeof options.keep === 'function'
  refuseUnless(hasKeep, 'A recorder says what keeps the messages: `keep`, a function.')
}

export function createLooks(
  wiring: Wiring,
  openTopic: (name: string, options: TopicOptions) => Channel,
): Looks & { endLooks(): void } {
  const open = new Set<() => void>()
  const announce = createLossAnnouncer(wiring, openTopic)
  const records = () => openTopic(RECORD_TOPIC, recordOptions(wiring.segment.layout))

  /** Ended by its owner, or with the seat. */
  function keep(end: () => void): () => void {
    open.add(end)
    return () => {
      if (open.delete(end)) end()
    }
  }

  return {
    observe(name, options, listener) {
      checkListener(listener)
      const observation = observeSealed(wiring, name, options, listener)
      const end = keep(observation.end)
      return {
        get lost() {
          return observation.lost
        },
        end,
      }
    },
    record(options) {
      checkRecording(options)
      const { recording, abandon } = startRecording({ ...wiring, channel: records(), announce }, options)
      keep(abandon)
      return recording
    },
    lookOn(listener) {
      checkListener(listener)
      // Made before anybody looks for it.
      records()
      return keep(lookOn(wiring, listener))
    },
    endLooks() {
      for (const end of open) end()
      open.clear()
    },
  }
}
