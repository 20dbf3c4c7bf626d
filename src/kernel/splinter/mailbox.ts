import { type Envelope, EVERYBODY, RunaError } from '#protocol'
import type { Channel } from './channel.ts'
import { createFrameEncoder, decodeFrame, isExpired } from './frame.ts'
import { ringHeaderBytes } from './geometry.ts'
import type { MemberTable } from './members.ts'
import { createRing, type Ring } from './ring.ts'
import { rowOfStamp } from './stamp.ts'
import type { TopicOptions } from './topic.ts'
import { BATCH, type Wiring } from './wiring.ts'

export type EnvelopeListener = (envelope: Envelope) => void

/** Envelopes by name, by address, or to everybody. */
export interface Mailbox {
  /**
   * To a service's name, a member's address, or `*`. Throws SERVICE_LOST at once when nobody alive is meant,
   * BUS_BACKPRESSURE when its inbox is full, BAD_INPUT when the message is too long.
   */
  send(envelope: Envelope): void
  /** Hears what is sent to this member. Returns a function that ends it. */
  receive(listener: EnvelopeListener): () => void
  /** Hears what is sent to everybody. A member that does not keep up loses the oldest, which is counted. */
  overhear(listener: EnvelopeListener): () => void
}

const EVENTS_TOPIC = '*'

export function createMailbox(
  wiring: Wiring,
  table: MemberTable,
  topic: (name: string, options: TopicOptions) => Channel,
): Mailbox & { closeMailbox(): void } {
  const { segment, own, locks, pump, wakeRow } = wiring
  const encoder = createFrameEncoder()
  const rings: Ring[] = []
  const listeners = new Set<EnvelopeListener>()
  const eventsBytes = Math.floor(segment.layout.topicsBytes / 4)
  const ownName = own.address.slice(0, own.address.lastIndexOf('@'))

  /** Nobody waits for room in an inbox: its sender is refused instead. */
  function inboxOf(row: number): Ring {
    const { inboxes, inboxStride, inboxBytes } = segment.layout
    const start = inboxes + row * inboxStride
    const place = {
      header: start >> 2,
      records: start + ringHeaderBytes(1),
      capacityBytes: inboxBytes,
      consumersMax: 1,
      lossless: true,
    }
    rings[row] ??= createRing(segment, place, { locks, owner: own, onSpace: () => {} })
    return rings[row]
  }

  function events(): Channel {
    return topic(EVENTS_TOPIC, { capacityBytes: eventsBytes })
  }

  /** Undefined for what is to be dropped; it is counted. */
  function open(frame: Uint8Array): Envelope | undefined {
    own.count('receivedMessages', 1)
    own.count('receivedBytes', frame.length)
    try {
      const envelope = decodeFrame(frame)
      if (!isExpired(envelope, Date.now())) return envelope
      own.count('expired', 1)
    } catch (error) {
      if (!(error instanceof RunaError)) throw error
      own.count('damaged', 1)
    }
    return undefined
  }

  function deliver(frame: Uint8Array): void {
    const envelope = open(frame)
    if (envelope === undefined) return
    // The last member in this row may have been meant.
    if (envelope.to !== ownName && envelope.to !== own.address) own.count('strayed', 1)
    else for (const listener of [...listeners]) listener(envelope)
  }

  const inbox = inboxOf(own.row).join(0)
  pump.add({
    hasWork: inbox.hasNext,
    drain() {
      let handled = 0
      for (; handled < BATCH; handled += 1) {
        const frame = inbox.next()
        if (frame === undefined) break
        deliver(frame)
      }
      return handled > 0
    },
  })

  function sendTo(to: string, frame: Uint8Array): void {
    const stamp = table.resolve(to)
    if (stamp === 0) throw new RunaError('SERVICE_LOST', `${to} is not running.`)
    const row = rowOfStamp(stamp)
    if (!inboxOf(row).write(frame)) {
      own.count('refused', 1)
      throw new RunaError('BUS_BACKPRESSURE', `${to} does not keep up: its inbox is full.`)
    }
    wakeRow(row)
  }

  return {
    send(envelope) {
      const frame = encoder.encode(envelope)
      if (envelope.to === EVERYBODY) events().publish(frame)
      else sendTo(envelope.to, frame)
      own.count('sentMessages', 1)
      own.count('sentBytes', frame.length)
    },
    receive(listener) {
      listeners.add(listener)
      return () => listeners.delete(listener)
    },
    overhear(listener) {
      const subscription = events().subscribe((frame) => {
        const envelope = open(frame)
        if (envelope) listener(envelope)
      })
      return subscription.end
    },
    closeMailbox() {
      inbox.leave()
      listeners.clear()
    },
  }
}
