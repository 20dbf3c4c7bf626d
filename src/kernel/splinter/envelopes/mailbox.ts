import { type Envelope, EVERYBODY, RunaError } from '#protocol'
import type { Witness } from '../recording/witness.ts'
import type { MemberTable } from '../seat/members.ts'
import { rowOfStamp } from '../seat/stamp.ts'
import type { Wiring } from '../seat/wiring.ts'
import { checkListener } from '../segment/arguments.ts'
import { RECORD_BYTES_MAX } from '../segment/geometry.ts'
import { StatisticsRow, statisticsWord } from '../statistics/row.ts'
import type { Channel } from '../topics/channel.ts'
import type { WaitOptions } from '../topics/publisher.ts'
import { Ring } from '../topics/ring.ts'
import type { TopicOptions } from '../topics/topic.ts'
import { createFrameDecoder, type FrameDecoder } from './frame-decoder.ts'
import { createFrameEncoder } from './frame-encoder.ts'
import { inboxPlace } from './inbox-place.ts'
import { createRepeats } from './repeats.ts'
import { waitForRoom } from './room.ts'

export type EnvelopeListener = (envelope: Envelope) => void

/** Envelopes by name, by address, or to everybody. */
export interface Mailbox {
  /**
   * To a service's name, a member's address, or `*`. Throws SERVICE_LOST at once when nobody alive is meant,
   * BUS_BACKPRESSURE when its inbox is full, BAD_INPUT when the message is too long, BUS_KEY_MISSING when it holds words
   * that this process has no key for.
   */
  send(envelope: Envelope): void
  /**
   * As `send`, but waits for room in the inbox: undefined where there was some at once, so that only who has to wait
   * pays for it. Who does not wait for one envelope may see the next go first. Rejects with BUS_BACKPRESSURE after `timeoutMs`, CANCELLED by the signal.
   */
  sendWhenFree(envelope: Envelope, options?: WaitOptions): Promise<void> | undefined
  /** Hears what is sent to this member. Returns a function that ends it. */
  receive(listener: EnvelopeListener): () => void
  /** Hears what is sent to everybody. A member that does not keep up loses the oldest, which is counted. */
  overhear(listener: EnvelopeListener): () => void
}

const EVENTS_TOPIC = '*'
/** More than what stands in a ring beside its records, and around each. */
const RING_BYTES = 4_096
/** Envelopes that are read before other work of the process gets its turn. */
const BATCH = 128
/** More than an inbox holds: who goes on sending does not keep this process from everything else. */
const BATCHES_MAX = 128

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
  const decoder = createFrameDecoder(wiring.protection)
  const openFrame = createFrameOpener(wiring, decoder)
  return {
    ...createSender(wiring, table, events),
    ...createReceiver(wiring, decoder, openFrame),
    overhear(listener) {
      checkListener(listener)
      const subscription = events().subscribe((frame) => {
        const envelope = openFrame(frame, Date.now())
        if (envelope) listener(envelope)
      })
      return subscription.end
    },
  }
}

/** A quarter of what topics have, or room for the largest message where they have that much. */
function eventsBytes(topicsBytes: number): number {
  const quarter = Math.floor(topicsBytes / 4)
  const wanted = RECORD_BYTES_MAX + RING_BYTES
  return topicsBytes < wanted + RING_BYTES ? quarter : Math.max(quarter, wanted)
}

/** The inbox of a row; with the statistics of who reads it. */
function inboxOf(wiring: Wiring, row: number, statistics?: StatisticsRow): Ring {
  const { segment, own, locks, protection, wakeEverybody } = wiring
  // Whoever gets the keys later should find nothing that they open.
  const place = inboxPlace(segment.layout, row, protection.seals !== 'nothing')
  return new Ring(segment, place, { locks, owner: own, onSpace: wakeEverybody, statistics })
}

function createInboxes(wiring: Wiring): (stamp: number) => Ring {
  const inboxes: Ring[] = []
  return (stamp) => {
    const row = rowOfStamp(stamp)
    inboxes[row] ??= inboxOf(wiring, row)
    return inboxes[row]
  }
}

/** Undefined for what is to be dropped; it is counted. */
type FrameOpener = (frame: Uint8Array, nowMs: number) => Envelope | undefined

function createFrameOpener({ own }: Wiring, decoder: FrameDecoder): FrameOpener {
  return (frame, nowMs) => {
    own.count('receivedMessages', 1)
    own.count('receivedBytes', frame.length)
    try {
      const envelope = decoder.decode(frame)
      if (!isExpired(envelope, nowMs)) return envelope
      own.count('expired', 1)
    } catch (error) {
      if (!(error instanceof RunaError)) throw error
      own.count(error.code === 'BUS_KEY_MISSING' ? 'unreadable' : 'damaged', 1)
    }
    return undefined
  }
}

function createReceiver(
  wiring: Wiring,
  decoder: FrameDecoder,
  openFrame: FrameOpener,
): Pick<Mailbox, 'receive'> & MailboxCare {
  const { segment, own, pump } = wiring
  const statisticsAt = statisticsWord(inboxPlace(segment.layout, own.row), 0)
  const statistics = new StatisticsRow(segment, statisticsAt, own.stamp)
  const isRepeated = createRepeats(Date.now())
  const inbox = inboxOf(wiring, own.row, statistics).join({ index: 0 })
  // Replaced, never changed: who is called may end its listening, or begin another.
  let listeners: readonly { readonly hear: EnvelopeListener }[] = []

  function deliver(frame: Uint8Array, nowMs: number): void {
    const envelope = openFrame(frame, nowMs)
    if (envelope === undefined) return
    // The last member in this row may have been meant.
    if (decoder.receiver !== own.stamp) own.count('strayed', 1)
    else if (decoder.isSealed && envelope.type === 'query' && isRepeated(envelope, nowMs))
      own.count('repeated', 1)
    else for (const { hear } of listeners) hear(envelope)
  }

  function drain(): boolean {
    const nowMs = Date.now()
    let handled = 0
    try {
      for (; handled < BATCH; handled += 1) {
        const frame = inbox.next()
        if (frame === undefined) break
        deliver(frame, nowMs)
      }
    } finally {
      inbox.settle()
    }
    return handled > 0
  }

  pump.add({ hasWork: () => inbox.hasNext(), drain })
  return {
    receive(hear) {
      checkListener(hear)
      const listener = { hear }
      listeners = [...listeners, listener]
      return () => {
        listeners = listeners.filter((other) => other !== listener)
      }
    },
    catchUp() {
      for (let batches = 0; batches < BATCHES_MAX && drain(); batches += 1);
    },
    closeMailbox() {
      inbox.leave()
      listeners = []
    },
  }
}

function createSender(
  wiring: Wiring,
  table: MemberTable,
  events: () => Channel,
): Pick<Mailbox, 'send' | 'sendWhenFree'> {
  const { own, wakeRow, witness } = wiring
  const encoder = createFrameEncoder(wiring.protection)
  const inboxFor = createInboxes(wiring)

  function stampFor({ to, type }: Envelope): number {
    const stamp = table.resolve(to, type === 'query' ? undefined : 'running')
    if (stamp === 0) throw new RunaError('SERVICE_LOST', `${to} is not running.`)
    return stamp
  }

  function countSent(sizeBytes: number): void {
    own.count('sentMessages', 1)
    own.count('sentBytes', sizeBytes)
  }

  /**
   * Undefined once it is sent; its frame where the inbox is full, valid until the next is made. However often it is tried, it is
   * written down once, and once more where it is given up.
   */
  function trySend(envelope: Envelope, isWrittenDown = false): Uint8Array | undefined {
    if (envelope.to === EVERYBODY) {
      const frame = encoder.encode(envelope)
      witness.sending(envelope, frame)
      events().publish(frame)
      countSent(frame.length)
      return undefined
    }
    const stamp = stampFor(envelope)
    const frame = encoder.encode(envelope, stamp)
    if (!isWrittenDown) witness.sending(envelope, frame)
    if (!inboxFor(stamp).write(frame)) return frame
    wakeRow(rowOfStamp(stamp))
    countSent(frame.length)
    return undefined
  }

  function refusal({ to }: Envelope): RunaError {
    own.count('refused', 1)
    return new RunaError('BUS_BACKPRESSURE', `${to} does not keep up: its inbox is full.`)
  }

  async function sendLater(envelope: Envelope, frame: Uint8Array, options: WaitOptions): Promise<void> {
    try {
      await keepTrying(envelope, options)
    } catch (error) {
      witness.refused(envelope, frame)
      throw error
    }
  }

  async function keepTrying(envelope: Envelope, options: WaitOptions): Promise<void> {
    const attempt = writtenDownOnce(witness, (isWrittenDown) => !trySend(envelope, isWrittenDown))
    const isSent = await waitForRoom(wiring, attempt, () => inboxFor(stampFor(envelope)), options)
    if (!isSent) throw refusal(envelope)
  }

  return {
    send(envelope) {
      const refused = trySend(envelope)
      if (!refused) return
      witness.refused(envelope, refused)
      throw refusal(envelope)
    },
    sendWhenFree(envelope, options = {}) {
      const refused = trySend(envelope)
      return refused && sendLater(envelope, refused.slice(), options)
    },
  }
}

/** A recorder may come while something is tried again and again. */
function writtenDownOnce({ isWanted }: Witness, attempt: (isWrittenDown: boolean) => boolean): () => boolean {
  let isWrittenDown = isWanted()
  return () => {
    const before = isWrittenDown
    isWrittenDown ||= isWanted()
    return attempt(before)
  }
}

/** Whether nobody waits for it any more. */
function isExpired({ sentAt, timeToLiveMs }: Envelope, nowMs: number): boolean {
  return sentAt + timeToLiveMs < nowMs
}
