import { type Envelope, RunaError } from '#protocol'
import { isSealed } from '../envelopes/frame-format.ts'
import type { Ownership } from '../seat/owner-lock.ts'
import type { Segment } from '../segment/segment.ts'
import { coarseMs } from '../topics/consumer.ts'
import { encodeRecorded, type RecordedMessage } from './recorded.ts'

/** Lossless, so that what finds no room is known to whoever wanted to write it. */
export const RECORD_TOPIC = '$record'

// Words of the header: the stamps of who records and who looks on, 0 for nobody, and how many had no room.
const RECORDER = 48
const ONLOOKER = 49
const MISSED = 50
/** When the recorder last gave a sign of life, in milliseconds of the monotonic clock that wrap at 2^32. */
export const HEARD = 51
/** A bit of the recorder's stamp that no row sets: there are at most 32. */
const STRICT = 0x80
/** A strict recorder that gives no sign of life for so long has been stopped: it holds nobody up any more. */
const STRICT_PATIENCE_MS = 10_000
/** A recorder that died is noticed by whoever writes, after so many. */
const LOOKED_AFTER_EVERY = 64

/** Writes down what this process sends, while somebody records it. Costs two loads while nobody does. */
export interface Witness {
  readonly isWanted: () => boolean
  /** Before it is sent. Throws BUS_BACKPRESSURE where a strict recorder does not keep up: then it must not be sent. */
  sending(envelope: Envelope, frame: Uint8Array): void
  /** As `sending`, for a message on a topic. */
  publishing(message: TopicMessage): void
  /** It found no room, after it was written down. */
  refused(envelope: Envelope, frame: Uint8Array): void
  notPublished(message: TopicMessage): void
}

export interface TopicMessage {
  readonly topic: string
  readonly sizeBytes: number
  readonly sealed: boolean
}

export interface WitnessSettings {
  readonly words: Int32Array
  readonly owner: Ownership
  readonly name: string
  /** To the topic. Throws BUS_BACKPRESSURE where it is full. */
  readonly write: (record: Uint8Array) => void
}

export function createWitness({ words, owner, name, write }: WitnessSettings): Witness {
  let written = 0

  function isWanted(): boolean {
    // Plain loads: whoever notices it a moment later has sent a moment earlier.
    return words[RECORDER] !== 0 || words[ONLOOKER] !== 0
  }

  function witness(message: RecordedMessage): void {
    if (written % LOOKED_AFTER_EVERY === 0) forgetDead(words, owner)
    written += 1
    try {
      write(encodeRecorded(message))
    } catch (error) {
      if (!(error instanceof RunaError)) throw error
      if (isHeldBack(words)) throw new RunaError('BUS_BACKPRESSURE', TOO_SLOW, { cause: error })
      Atomics.add(words, MISSED, 1)
    }
  }

  function describeMessage({ topic, sizeBytes, sealed }: TopicMessage): RecordedMessage {
    return { at: Date.now(), from: name, to: topic, topic: true, sizeBytes, sealed }
  }

  return {
    isWanted,
    sending(envelope, frame) {
      if (isWanted()) witness(describe(envelope, frame))
    },
    publishing(message) {
      if (isWanted()) witness(describeMessage(message))
    },
    notPublished(message) {
      if (isWanted()) witness({ ...describeMessage(message), refused: true })
    },
    refused(envelope, frame) {
      if (isWanted()) witness({ ...describe(envelope, frame), refused: true })
    },
  }
}

const TOO_SLOW = 'The recorder does not keep up, and is strict: what it cannot write down is not sent.'

function describe(envelope: Envelope, frame: Uint8Array): RecordedMessage {
  const { sentAt: at, from, to, type, operation, trace, call, sequence, last } = envelope
  return {
    at,
    from,
    to,
    type,
    operation,
    trace,
    call,
    sequence,
    last,
    sizeBytes: frame.length,
    sealed: isSealed(frame),
  }
}

/** By a strict recorder, unless it has been stopped: then it is strict no more until it goes on. */
function isHeldBack(words: Int32Array): boolean {
  const flag = Atomics.load(words, RECORDER)
  if ((flag & STRICT) === 0) return false
  if (((coarseMs() - Atomics.load(words, HEARD)) | 0) <= STRICT_PATIENCE_MS) return true
  Atomics.compareExchange(words, RECORDER, flag, flag & ~STRICT)
  return false
}

function forgetDead(words: Int32Array, { isAlive }: Ownership): void {
  for (const word of [RECORDER, ONLOOKER]) {
    const stamp = Atomics.load(words, word)
    if (stamp !== 0 && !isAlive(stamp & ~STRICT)) Atomics.compareExchange(words, word, stamp, 0)
  }
}

interface RecorderClaim {
  /** Said now and then. A strict recorder that was taken for stopped is strict again. */
  sayAlive(): void
  release(): void
}

/** From now on everybody writes down what it sends. Throws BUSY where another one records. */
export function becomeRecorder(
  { words }: Pick<Segment, 'words'>,
  owner: Ownership,
  strict: boolean,
): RecorderClaim {
  const flag = owner.stamp | (strict ? STRICT : 0)
  forgetDead(words, owner)
  if (Atomics.compareExchange(words, RECORDER, 0, flag) !== 0) {
    throw new RunaError('BUSY', 'Another recorder is at work on this bus.')
  }
  function sayAlive(): void {
    Atomics.store(words, HEARD, coarseMs())
    if (strict) Atomics.compareExchange(words, RECORDER, owner.stamp, flag)
  }

  sayAlive()
  return {
    sayAlive,
    release() {
      for (const own of [flag, owner.stamp]) Atomics.compareExchange(words, RECORDER, own, 0)
    },
  }
}

/**
 * As long as it is said again now and then: where several look on, the last one that leaves takes the flag with it.
 * Returns the end of it.
 */
export function raiseOnlooker({ words }: Pick<Segment, 'words'>, { stamp }: Ownership): () => void {
  Atomics.store(words, ONLOOKER, stamp)
  return () => void Atomics.compareExchange(words, ONLOOKER, stamp, 0)
}

/** How many messages found no room among the records since the bus was made. Wraps at 2^32. */
export function countMissed({ words }: Pick<Segment, 'words'>): number {
  return Atomics.load(words, MISSED) >>> 0
}
