import { MESSAGE_SEAL_BYTES } from '#kernel/seal'
import { type Envelope, envelopeSchema, RunaError } from '#protocol'
import { RECORD_BYTES_MAX } from '../segment/geometry.ts'
import type { Protection } from '../segment/privacy.ts'

// An envelope in bytes. A fixed header first, so that routing looks at neither names nor payload:
//
//   0 mark  1 type  2 flags  3 -  4 from  6 to  8 operation  10 words (lengths, 16 bits each)
//   12 sequence  16 sentAt  24 timeToLiveMs (64-bit floats)  32 payload length  36 stamp of the receiver
//   40 id  56 trace  72 call (16 bytes each)  88 from, to, operation, words, payload
//
// A sealed payload is bound to all that stands before it: who changes a name, the order or the receiver breaks the seal.
const MARK = 0xe7
const TYPE = 1
const FLAGS = 2
const FROM_LENGTH = 4
const TO_LENGTH = 6
const OPERATION_LENGTH = 8
const WORDS_LENGTH = 10
const SEQUENCE = 12
const SENT_AT = 16
const TIME_TO_LIVE = 24
const PAYLOAD_LENGTH = 32
const RECEIVER = 36
const ID = 40
const TRACE = 56
const CALL = 72
const NAMES = 88

const LAST = 1
const JSON_PAYLOAD = 2
const BYTES_PAYLOAD = 4
const SEALED = 8

const TYPES = envelopeSchema.shape.type.options
const NAME_LENGTH_MAX = 128
/** A character of a name takes at most three bytes for each of its UTF-16 units. */
const NAMES_BYTES_MAX = 4 * 3 * NAME_LENGTH_MAX
const PAYLOAD_BYTES_MAX = 2 ** 20
const SCRATCH_BYTES = 65_536
/** No member has it. */
const EVERYBODYS_STAMP = 0

function corrupt(what: string): RunaError {
  return new RunaError('ENVELOPE_CORRUPT', `An envelope was damaged on its way: ${what}.`)
}

function writeUuid(frame: Buffer, uuid: string, offset: number): void {
  const hex = uuid.slice(0, 8) + uuid.slice(9, 13) + uuid.slice(14, 18) + uuid.slice(19, 23) + uuid.slice(24)
  if (frame.write(hex, offset, 16, 'hex') !== 16) throw new RunaError('BAD_INPUT', `'${uuid}' is no UUID.`)
}

function readUuid(frame: Buffer, offset: number): string {
  const hex = frame.toString('hex', offset, offset + 16)
  return `${hex.slice(0, 8)}-${hex.slice(8, 12)}-${hex.slice(12, 16)}-${hex.slice(16, 20)}-${hex.slice(20)}`
}

/** RFC 9562: version 1 to 8, variant 8 to b. */
function readCheckedUuid(frame: Buffer, offset: number): string {
  const version = (frame[offset + 6] ?? 0) >> 4
  const variant = (frame[offset + 8] ?? 0) >> 6
  if (version < 1 || version > 8 || variant !== 2) throw corrupt('an identity is no UUID')
  return readUuid(frame, offset)
}

/** Turns envelopes into bytes. What `encode` returns is valid until its next call. */
export interface FrameEncoder {
  /**
   * For the member with the stamp `receiver`, or for everybody. Throws BAD_INPUT for a payload of more than a mebibyte,
   * or one that is not JSON, and BUS_KEY_MISSING where it is to be sealed and this process has no key.
   */
  encode(envelope: Envelope, receiver?: number): Uint8Array
}

/** As much of a bus's protection as its frames need. */
export type FrameSeals = Pick<Protection, 'seals' | 'sealFor'>

const UNSEALED: FrameSeals = { seals: 'nothing', sealFor: () => undefined }

export function createFrameEncoder({ seals, sealFor }: FrameSeals = UNSEALED): FrameEncoder {
  const scratch = Buffer.alloc(SCRATCH_BYTES)

  function reserve(contentBytes: number): Buffer {
    if (contentBytes > PAYLOAD_BYTES_MAX) {
      throw new RunaError(
        'BAD_INPUT',
        `A message of ${contentBytes} bytes is too long: ${PAYLOAD_BYTES_MAX} fit.`,
      )
    }
    const mostBytes = NAMES + NAMES_BYTES_MAX + contentBytes + MESSAGE_SEAL_BYTES
    return mostBytes <= scratch.length ? scratch : Buffer.allocUnsafe(mostBytes)
  }

  return {
    encode(envelope, receiver = EVERYBODYS_STAMP) {
      const { payload, words } = envelope
      const raw = payload instanceof Uint8Array
      // The only copy of the text is the one into the frame.
      const text = raw || payload === undefined ? undefined : toJson(payload)
      const contentBytes = raw ? payload.length : text === undefined ? 0 : Buffer.byteLength(text)
      const frame = reserve(contentBytes)
      const seal = sealFor(words)
      const flags = raw ? BYTES_PAYLOAD : text === undefined ? 0 : JSON_PAYLOAD
      const payloadBytes = contentBytes + (seal ? MESSAGE_SEAL_BYTES : 0)
      const start = writeHeader(frame, envelope, seal && seals === 'words' ? (words ?? '') : '')
      frame[FLAGS] = flags | (envelope.last ? LAST : 0) | (seal ? SEALED : 0)
      frame.writeUInt32LE(payloadBytes, PAYLOAD_LENGTH)
      frame.writeInt32LE(receiver, RECEIVER)
      const content = raw ? payload : (text ?? '')
      if (seal) seal.sealInto(frame, start, content, frame.subarray(0, start))
      else if (typeof content === 'string') frame.write(content, start)
      else frame.set(content, start)
      return frame.subarray(0, start + payloadBytes)
    },
  }
}

function toJson(payload: unknown): string | undefined {
  try {
    return JSON.stringify(payload)
  } catch (cause) {
    throw new RunaError('BAD_INPUT', 'A message holds something that JSON cannot express.', { cause })
  }
}

/** All but flags, receiver and payload length. Returns where the payload begins. */
function writeHeader(frame: Buffer, envelope: Envelope, words: string): number {
  const { from, to, operation } = envelope
  if ([from, to, operation, words].some((name) => name.length > NAME_LENGTH_MAX)) {
    throw new RunaError('BAD_INPUT', `A name in an envelope has at most ${NAME_LENGTH_MAX} characters.`)
  }
  frame.fill(0, 0, ID)
  frame[0] = MARK
  frame[TYPE] = TYPES.indexOf(envelope.type)
  frame.writeUInt32LE(envelope.sequence, SEQUENCE)
  frame.writeDoubleLE(envelope.sentAt, SENT_AT)
  frame.writeDoubleLE(envelope.timeToLiveMs, TIME_TO_LIVE)
  writeUuid(frame, envelope.id, ID)
  writeUuid(frame, envelope.trace, TRACE)
  writeUuid(frame, envelope.call, CALL)
  let offset = NAMES
  offset = writeName(frame, from, offset, FROM_LENGTH)
  offset = writeName(frame, to, offset, TO_LENGTH)
  offset = writeName(frame, operation, offset, OPERATION_LENGTH)
  return writeName(frame, words, offset, WORDS_LENGTH)
}

/** Returns where the next one begins. */
function writeName(frame: Buffer, name: string, offset: number, lengthField: number): number {
  const length = frame.write(name, offset)
  frame.writeUInt16LE(length, lengthField)
  return offset + length
}

/** Whether the frame was sealed by its sender. Only of one that `decodeFrame` has read. */
export function isSealed(frame: Uint8Array): boolean {
  return ((frame[FLAGS] ?? 0) & SEALED) !== 0
}

/** The stamp of the member that the frame was written for. Any bytes may be given. */
export function receiverOf(frame: Uint8Array): number {
  return frame.length < NAMES
    ? EVERYBODYS_STAMP
    : Buffer.from(frame.buffer, frame.byteOffset).readInt32LE(RECEIVER)
}

/**
 * Reads an envelope back. The result shares no memory with `bytes`. Throws ENVELOPE_CORRUPT for whatever is no
 * envelope, SEAL_BROKEN for one that was changed since it was sealed, BUS_KEY_MISSING for one that this process cannot
 * open; any bytes at all may be given.
 */
export function decodeFrame(bytes: Uint8Array, frameSeals: FrameSeals = UNSEALED): Envelope {
  const frame = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length)
  if (frame.length < NAMES || frame.length > RECORD_BYTES_MAX || frame[0] !== MARK)
    throw corrupt('its header')
  const type = TYPES[frame[TYPE] ?? TYPES.length]
  const flags = frame[FLAGS] ?? 0
  const sentAt = frame.readDoubleLE(SENT_AT)
  const timeToLiveMs = frame.readDoubleLE(TIME_TO_LIVE)
  if (type === undefined) throw corrupt('its type')
  if (!Number.isSafeInteger(sentAt) || sentAt < 0) throw corrupt('its time')
  if (!Number.isSafeInteger(timeToLiveMs) || timeToLiveMs < 1) throw corrupt('its time to live')
  const toStart = NAMES + frame.readUInt16LE(FROM_LENGTH)
  const operationStart = toStart + frame.readUInt16LE(TO_LENGTH)
  const wordsStart = operationStart + frame.readUInt16LE(OPERATION_LENGTH)
  const payloadStart = wordsStart + frame.readUInt16LE(WORDS_LENGTH)
  if (payloadStart + frame.readUInt32LE(PAYLOAD_LENGTH) !== frame.length) throw corrupt('its lengths')
  const words = readName(frame, wordsStart, payloadStart, 0) || undefined
  const content = openPayload(frame, payloadStart, words, frameSeals)
  return {
    id: readCheckedUuid(frame, ID),
    sentAt,
    timeToLiveMs,
    from: readName(frame, NAMES, toStart, 1),
    to: readName(frame, toStart, operationStart, 1),
    type,
    operation: readName(frame, operationStart, wordsStart, 0),
    trace: readCheckedUuid(frame, TRACE),
    call: readCheckedUuid(frame, CALL),
    sequence: frame.readUInt32LE(SEQUENCE),
    last: (flags & LAST) !== 0,
    ...(words === undefined ? {} : { words }),
    payload: readPayload(content, flags),
  }
}

/** What comes in clear where all is sealed was put there by somebody without the key, and so is the reverse. */
function openPayload(
  frame: Buffer,
  start: number,
  words: string | undefined,
  { seals, sealFor }: FrameSeals,
): Buffer {
  const payload = frame.subarray(start)
  const isNamed = words !== undefined
  if (!isSealed(frame)) {
    if (seals === 'everything' || isNamed) throw corrupt('it is not sealed')
    return payload
  }
  const seal = isNamed === (seals === 'words') ? sealFor(words) : undefined
  if (!seal) throw corrupt('its seal')
  return seal.open(payload, frame.subarray(0, start))
}

function readName(frame: Buffer, start: number, end: number, lengthMin: number): string {
  const name = frame.toString('utf8', start, end)
  if (name.length < lengthMin || name.length > NAME_LENGTH_MAX) throw corrupt('a name')
  return name
}

function readPayload(content: Buffer, flags: number): unknown {
  if (flags & BYTES_PAYLOAD) return Uint8Array.from(content)
  if (!(flags & JSON_PAYLOAD)) return undefined
  try {
    return JSON.parse(content.toString('utf8'))
  } catch {
    // Not the parser's own words: they quote the text.
    throw corrupt('its payload')
  }
}

/** Whether nobody waits for it any more. */
export function isExpired({ sentAt, timeToLiveMs }: Envelope, nowMs: number): boolean {
  return sentAt + timeToLiveMs < nowMs
}
