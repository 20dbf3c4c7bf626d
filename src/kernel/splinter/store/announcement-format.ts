import { RunaError } from '#protocol'

/**
 * The topic on which the bus says what it let go of. It exists once somebody has subscribed to it; before that, nobody is
 * told. Whoever names it first chooses: lossy, or lossless, where nothing is evicted that a living subscriber has no
 * room to hear of.
 */
export const ANNOUNCEMENTS_TOPIC = '$announcements'

/** What the bus let go of, with the value of what it was, as it stood in memory: sealed where it was sealed. */
export interface Announcement {
  /**
   * `evicted`: the strength of a key fell below its threshold, or room was needed; `expired`: a key outlived its time.
   * `messages-expired` and `messages-lost`: `count` messages of a topic.
   */
  readonly what: 'evicted' | 'expired' | 'messages-expired' | 'messages-lost'
  /** Milliseconds since 1970. */
  readonly at: number
  /** Of the store; on a bus with hashed keys, the hash in hexadecimal digits. */
  readonly key?: string
  readonly type?: string
  /** The mask, in decimal digits. */
  readonly labels?: string
  /** The value was too long for the topic: it is not told, and is gone. */
  readonly isValueLeftOut?: boolean
  readonly topic?: string
  readonly count?: number
}

const HEAD_BYTES_MAX = 4_096

/** The length of the head (32 bits, little-endian), the head as JSON, the value. */
export function encodeAnnouncement(
  announcement: Announcement,
  value: Uint8Array = new Uint8Array(0),
): Buffer {
  const head = Buffer.from(JSON.stringify(announcement))
  const message = Buffer.allocUnsafe(4 + head.length + value.length)
  message.writeUInt32LE(head.length, 0)
  message.set(head, 4)
  message.set(value, 4 + head.length)
  return message
}

/** The value is a view of the message: copy what is to be kept. Throws BAD_INPUT for what is no announcement. */
export function decodeAnnouncement(message: Uint8Array): {
  readonly announcement: Announcement
  readonly value: Uint8Array
} {
  const bytes = Buffer.from(message.buffer, message.byteOffset, message.byteLength)
  const length = bytes.length < 4 ? 0 : bytes.readUInt32LE(0)
  if (length === 0 || length > Math.min(HEAD_BYTES_MAX, bytes.length - 4)) throw noAnnouncement()
  return {
    announcement: parseHead(bytes.toString('utf8', 4, 4 + length)),
    value: message.subarray(4 + length),
  }
}

function parseHead(text: string): Announcement {
  let head: unknown
  try {
    head = JSON.parse(text)
  } catch (cause) {
    throw noAnnouncement(cause)
  }
  if (typeof head === 'object' && head !== null && 'what' in head && 'at' in head) return head as Announcement
  throw noAnnouncement()
}

function noAnnouncement(cause?: unknown): RunaError {
  return new RunaError('BAD_INPUT', 'This message is no announcement of the bus.', { cause })
}
