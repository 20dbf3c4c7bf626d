import { type Envelope, envelopeSchema, RunaError } from '#protocol'
import { RECORD_BYTES_MAX } from './geometry.ts'

// An envelope in bytes. A fixed header first, so that routing looks at neither names nor payload:
//
//   0 mark  1 type  2 flags  3 -  4 from  6 to  8 operation (lengths, 16 bits each)  10 -
//   12 sequence  16 sentAt  24 timeToLiveMs (64-bit floats)  32 payload length  36 -
//   40 id  56 trace  72 call (16 bytes each)  88 from, to, operation, payload
const MARK = 0xe7
const TYPE = 1
const FLAGS = 2
const FROM_LENGTH = 4
const TO_LENGTH = 6
const OPERATION_LENGTH = 8
const SEQUENCE = 12
const SENT_AT = 16
const TIME_TO_LIVE = 24
const PAYLOAD_LENGTH = 32
const ID = 40
const TRACE = 56
const CALL = 72
const NAMES = 88

const LAST = 1
const JSON_PAYLOAD = 2
const BYTES_PAYLOAD = 4

const TYPES = envelopeSchema.shape.type.options
const NAME_LENGTH_MAX = 128
/** A character of a name takes at most three bytes for each of its UTF-16 units. */
const NAMES_BYTES_MAX = 3 * 3 * NAME_LENGTH_MAX
const PAYLOAD_BYTES_MAX = 2 ** 20
const SCRATCH_BYTES = 65_536

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
  /** Throws BAD_INPUT for a payload of more than a mebibyte, or one that is not JSON. */
  encode(envelope: Envelope): Uint8Array
}

export function createFrameEncoder(): FrameEncoder {
  const scratch = Buffer.alloc(SCRATCH_BYTES)
  return {
    encode(envelope) {
      const { payload } = envelope
      const raw = payload instanceof Uint8Array
      // The only copy of the text is the one into the frame.
      const text = raw || payload === undefined ? undefined : toJson(payload)
      const payloadBytes = raw ? payload.length : text === undefined ? 0 : Buffer.byteLength(text)
      if (payloadBytes > PAYLOAD_BYTES_MAX) {
        throw new RunaError(
          'BAD_INPUT',
          `A message of ${payloadBytes} bytes is too long: ${PAYLOAD_BYTES_MAX} fit.`,
        )
      }
      const mostBytes = NAMES + NAMES_BYTES_MAX + payloadBytes
      const frame = mostBytes <= scratch.length ? scratch : Buffer.allocUnsafe(mostBytes)
      const start = writeHeader(frame, envelope, payloadBytes)
      if (raw) frame.set(payload, start)
      else if (text !== undefined) frame.write(text, start)
      frame[FLAGS] =
        (envelope.last ? LAST : 0) | (raw ? BYTES_PAYLOAD : text === undefined ? 0 : JSON_PAYLOAD)
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

function writeHeader(frame: Buffer, envelope: Envelope, payloadBytes: number): number {
  const { from, to, operation } = envelope
  if (from.length > NAME_LENGTH_MAX || to.length > NAME_LENGTH_MAX || operation.length > NAME_LENGTH_MAX) {
    throw new RunaError('BAD_INPUT', `A name in an envelope has at most ${NAME_LENGTH_MAX} characters.`)
  }
  frame.fill(0, 0, ID)
  frame[0] = MARK
  frame[TYPE] = TYPES.indexOf(envelope.type)
  frame.writeUInt32LE(envelope.sequence, SEQUENCE)
  frame.writeDoubleLE(envelope.sentAt, SENT_AT)
  frame.writeDoubleLE(envelope.timeToLiveMs, TIME_TO_LIVE)
  frame.writeUInt32LE(payloadBytes, PAYLOAD_LENGTH)
  writeUuid(frame, envelope.id, ID)
  writeUuid(frame, envelope.trace, TRACE)
  writeUuid(frame, envelope.call, CALL)
  let offset = NAMES
  offset = writeName(frame, from, offset, FROM_LENGTH)
  offset = writeName(frame, to, offset, TO_LENGTH)
  return writeName(frame, operation, offset, OPERATION_LENGTH)
}

/** Returns where the next one begins. */
function writeName(frame: Buffer, name: string, offset: number, lengthField: number): number {
  const length = frame.write(name, offset)
  frame.writeUInt16LE(length, lengthField)
  return offset + length
}

/**
 * Reads an envelope back. The result shares no memory with `bytes`. Throws ENVELOPE_CORRUPT for whatever is no
 * envelope; any bytes at all may be given.
 */
export function decodeFrame(bytes: Uint8Array): Envelope {
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
  const payloadStart = operationStart + frame.readUInt16LE(OPERATION_LENGTH)
  const end = payloadStart + frame.readUInt32LE(PAYLOAD_LENGTH)
  if (end !== frame.length) throw corrupt('its lengths')
  return {
    id: readCheckedUuid(frame, ID),
    sentAt,
    timeToLiveMs,
    from: readName(frame, NAMES, toStart, 1),
    to: readName(frame, toStart, operationStart, 1),
    type,
    operation: readName(frame, operationStart, payloadStart, 0),
    trace: readCheckedUuid(frame, TRACE),
    call: readCheckedUuid(frame, CALL),
    sequence: frame.readUInt32LE(SEQUENCE),
    last: (flags & LAST) !== 0,
    payload: readPayload(frame, flags, payloadStart, end),
  }
}

function readName(frame: Buffer, start: number, end: number, lengthMin: number): string {
  const name = frame.toString('utf8', start, end)
  if (name.length < lengthMin || name.length > NAME_LENGTH_MAX) throw corrupt('a name')
  return name
}

function readPayload(frame: Buffer, flags: number, start: number, end: number): unknown {
  if (flags & BYTES_PAYLOAD) return Uint8Array.from(frame.subarray(start, end))
  if (!(flags & JSON_PAYLOAD)) return undefined
  try {
    return JSON.parse(frame.toString('utf8', start, end))
  } catch {
    // Not the parser's own words: they quote the text.
    throw corrupt('its payload')
  }
}

/** Whether nobody waits for it any more. */
export function isExpired({ sentAt, timeToLiveMs }: Envelope, nowMs: number): boolean {
  return sentAt + timeToLiveMs < nowMs
}
