import { type Envelope, EVERYBODY, RunaError } from '#protocol'
import type { MemberTable } from '../seat/members.ts'
import { rowOfStamp } from '../seat/stamp.ts'
import { BATCH, type Wiring } from '../seat/wiring.ts'
import { RECORD_BYTES_MAX } from '../segment/geometry.ts'
import { StatisticsRow, statisticsWord } from '../statistics/row.ts'
import type { Channel } from '../topics/channel.ts'
import { Ring } from '../topics/ring.ts'
import type { TopicOptions } from '../topics/topic.ts'
import { createFrameEncoder, decodeFrame, isExpired, isSealed, receiverOf } from './frame.ts'
import { inboxPlace } from './inbox-place.ts'
import { createRepeats } from './repeats.ts'

export type EnvelopeListener = (envelope: Envelope) => void

/** Envelopes by name, by address, or to everybody. */
export interface Mailbox {
  /**
   * To a service's name, a member's address, or `*`. Throws SERVICE_LOST at once when nobody alive is meant,
   * BUS_BACKPRESSURE when its inbox is full, BAD_INPUT when the message is too long, BUS_KEY_MISSING when it holds words
   * that this process has no key for.
   */
  send(envelope: Envelope): void
  /** Hears what is sent to this member. Returns a function that ends it. */
  receive(listener: EnvelopeListener): () => void
  /** Hears what is sent to everybody. A member that does not keep up loses the oldest, which is counted. */
  overhear(listener: EnvelopeListener): () => void
}

const EVENTS_TOPIC = '*'
/** More than what stands in a ring beside its records, and around each. */
const RING_BYTES = 4_096
/** More than an inbox holds: who goes on sending does not keep this process from everything else. */
const BATCHES_MAX = 512

/** What the seat itself does with its mailbox. */
interface MailboxCare {
  /** Hears everything that lies in the inbox by now. */
  catchUp(): void
  closeMailbox(): void
}

export function createMailbox(
  wiring: Wiring,
  table: MemberTable,
  topic: (name: string, options: TopicOptions) => Channel,
): Mailbox & MailboxCare {
  const capacityBytes = eventsBytes(wiring.segment.layout.topicsBytes)
  const events = () => topic(EVENTS_TOPIC, { capacityBytes })
  const { receive, ...care } = createReceiver(wiring)
  return {
    send: createSender(wiring, table, events),
    receive,
    overhear(listener) {
      const subscription = events().subscribe((frame) => {
        const envelope = openFrame(wiring, frame)
        if (envelope) listener(envelope)
      })
      return subscription.end
    },
    ...care,
  }
}

/** A quarter of what topics have, or room for the largest message where they have that much. */
function eventsBytes(topicsBytes: number): number {
  const quarter = Math.floor(topicsBytes / 4)
  const wanted = RECORD_BYTES_MAX + RING_BYTES
  return topicsBytes < wanted + RING_BYTES ? quarter : Math.max(quarter, wanted)
}

/** The inbox of a row. Nobody waits for room in one: its sender is refused instead. */
function inboxOf(wiring: Wiring, row: number): Ring {
  const { segment, own, locks, protection } = wiring
  // Whoever gets the keys later should find nothing that they open.
  const place = { ...inboxPlace(segment.layout, row), erasesRead: protection.seals !== 'nothing' }
  return new Ring(segment, place, { locks, owner: own, onSpace: () => {} })
}

/** Undefined for what is to be dropped; it is counted. */
function openFrame({ own, protection }: Wiring, frame: Uint8Array): Envelope | undefined {
  own.count('receivedMessages', 1)
  own.count('receivedBytes', frame.length)
  try {
    const envelope = decodeFrame(frame, protection)
    if (!isExpired(envelope, Date.now())) return envelope
    own.count('expired', 1)
  } catch (error) {
    if (!(error instanceof RunaError)) throw error
    own.count(error.code === 'BUS_KEY_MISSING' ? 'unreadable' : 'damaged', 1)
  }
  return undefined
}

function createReceiver(wiring: Wiring): Pick<Mailbox, 'receive'> & MailboxCare {
  const { segment, own, pump } = wiring
  const listeners = new Set<EnvelopeListener>()
  const statisticsAt = statisticsWord(inboxPlace(segment.layout, own.row), 0)
  const statistics = new StatisticsRow(segment, statisticsAt, own.stamp)
  const isRepeated = createRepeats(Date.now())
  const inbox = inboxOf(wiring, own.row).join(0)

  function deliver(frame: Uint8Array): void {
    const envelope = openFrame(wiring, frame)
    if (envelope === undefined) return
    // The last member in this row may have been meant.
    if (receiverOf(frame) !== own.stamp) own.count('strayed', 1)
    else if (isSealed(frame) && envelope.type === 'query' && isRepeated(envelope, Date.now()))
      own.count('repeated', 1)
    else for (const listener of [...listeners]) listener(envelope)
  }

  function drain(): boolean {
    let handled = 0
    for (; handled < BATCH; handled += 1) {
      const frame = inbox.next()
      if (frame === undefined) break
      statistics.received(1, frame.length)
      deliver(frame)
    }
    inbox.settle()
    return handled > 0
  }

  pump.add({ hasWork: () => inbox.hasNext(), drain })
  return {
    receive(listener) {
      listeners.add(listener)
      return () => listeners.delete(listener)
    },
    catchUp() {
      for (let batches = 0; batches < BATCHES_MAX && drain(); batches += 1);
    },
    closeMailbox() {
      inbox.leave()
      listeners.clear()
    },
  }
}

function createSender(wiring: Wiring, table: MemberTable, events: () => Channel): Mailbox['send'] {
  const { own, wakeRow } = wiring
  const encoder = createFrameEncoder(wiring.protection)
  const inboxes: Ring[] = []

  function sendTo(envelope: Envelope): Uint8Array {
    const { to, type } = envelope
    const stamp = table.resolve(to, type === 'query' ? undefined : 'running')
    if (stamp === 0) throw new RunaError('SERVICE_LOST', `${to} is not running.`)
    const row = rowOfStamp(stamp)
    inboxes[row] ??= inboxOf(wiring, row)
    const frame = encoder.encode(envelope, stamp)
    if (!inboxes[row].write(frame)) {
      own.count('refused', 1)
      throw new RunaError('BUS_BACKPRESSURE', `${to} does not keep up: its inbox is full.`)
    }
    wakeRow(row)
    return frame
  }

  function sendToEverybody(envelope: Envelope): Uint8Array {
    const frame = encoder.encode(envelope)
    events().publish(frame)
    return frame
  }

  return (envelope) => {
    const frame = envelope.to === EVERYBODY ? sendToEverybody(envelope) : sendTo(envelope)
    own.count('sentMessages', 1)
    own.count('sentBytes', frame.length)
  }
}
