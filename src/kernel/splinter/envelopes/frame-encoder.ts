import { MESSAGE_SEAL_BYTES } from '#kernel/seal'
import { compactEnvelope, type Envelope, RunaError, WrittenJson, writeJson } from '#protocol'
import {
  ASCII,
  BYTES_PAYLOAD,
  CALL,
  FLAGS,
  type FrameSeals,
  ID,
  ITEMS,
  JSON_PAYLOAD,
  LAST,
  MARK,
  NAMES,
  PAYLOAD_LENGTH,
  RECEIVER,
  SEALED,
  SENT_AT,
  SEQUENCE,
  TIME_TO_LIVE,
  TRACE,
  TYPES,
  UNSEALED,
} from './frame-format.ts'
import { createNameWriter, NAME_BLOCK_BYTES_MAX } from './frame-names.ts'

const TYPE_NUMBERS = new Map(TYPES.map((type, number) => [type, number]))
const PAYLOAD_BYTES_MAX = 2 ** 20
const SCRATCH_BYTES = 65_536
/** No member has it. */
const EVERYBODYS_STAMP = 0

/** Turns envelopes into bytes. What `encode` returns is valid until its next call. */
export interface FrameEncoder {
  /**
   * For the member with the stamp `receiver`, or for everybody. Throws BAD_INPUT for a payload of more than a mebibyte,
   * or one that is not JSON, and BUS_KEY_MISSING where it is to be sealed and this process has no key.
   */
  encode(envelope: Envelope, receiver?: number): Uint8Array
}

interface FrameMemory {
  readonly bytes: Buffer
  /** The same, without what makes a part of a Buffer slow to come by. */
  readonly raw: Uint8Array
  readonly view: DataView
}

function frameMemory(sizeBytes: number): FrameMemory {
  const bytes = Buffer.allocUnsafeSlow(sizeBytes)
  return { bytes, raw: new Uint8Array(bytes.buffer), view: new DataView(bytes.buffer) }
}

export function createFrameEncoder({ seals, sealFor }: FrameSeals = UNSEALED): FrameEncoder {
  const scratch = frameMemory(SCRATCH_BYTES)
  const writeNames = createNameWriter()

  function reserve(contentBytes: number): FrameMemory {
    if (contentBytes > PAYLOAD_BYTES_MAX) {
      throw new RunaError(
        'BAD_INPUT',
        `A message of ${contentBytes} bytes is too long: ${PAYLOAD_BYTES_MAX} fit.`,
      )
    }
    const mostBytes = NAMES + NAME_BLOCK_BYTES_MAX + contentBytes + MESSAGE_SEAL_BYTES
    return mostBytes <= SCRATCH_BYTES ? scratch : frameMemory(mostBytes)
  }

  return {
    encode(envelope, receiver = EVERYBODYS_STAMP) {
      const { payload, words } = envelope
      // The only copy of the text is the one into the frame.
      const content = payload instanceof Uint8Array ? payload : toJson(payload)
      const isText = typeof content === 'string'
      const contentBytes = isText ? Buffer.byteLength(content) : (content?.length ?? 0)
      const isAscii = isText && contentBytes === content.length
      const { bytes, raw, view } = reserve(contentBytes)
      const seal = sealFor(words)
      const payloadBytes = contentBytes + (seal ? MESSAGE_SEAL_BYTES : 0)
      const names = writeNames(envelope, seal && seals === 'words' ? (words ?? '') : '')
      const start = NAMES + names.length
      writeHeader(view, envelope)
      const kind = isText ? JSON_PAYLOAD : content ? BYTES_PAYLOAD : 0
      raw[FLAGS] = kind | (envelope.last ? LAST : 0) | (seal ? SEALED : 0) | (isAscii ? ASCII : 0)
      view.setUint32(PAYLOAD_LENGTH, payloadBytes, true)
      view.setInt32(RECEIVER, receiver, true)
      raw.set(names, NAMES)
      if (seal) seal.sealInto(bytes, start, content ?? '', bytes.subarray(0, start))
      else if (isText) bytes.write(content, start, isAscii ? 'latin1' : 'utf8')
      else if (content) raw.set(content, start)
      return raw.subarray(0, start + payloadBytes)
    },
  }
}

function toJson(payload: unknown): string | undefined {
  if (payload instanceof WrittenJson) return payload.text
  try {
    return writeJson(payload)
  } catch (cause) {
    throw new RunaError('BAD_INPUT', 'A message holds something that JSON cannot express.', { cause })
  }
}

/** All but flags, receiver, payload length and names. */
function writeHeader(view: DataView, envelope: Envelope): void {
  const { type, sequence, sentAt, timeToLiveMs, items = 0 } = envelope
  const { identity, traceIdentity, callIdentity } = compactEnvelope(envelope)
  view.setInt32(0, MARK | ((TYPE_NUMBERS.get(type) ?? 0) << 8), true)
  view.setUint32(SEQUENCE, sequence, true)
  view.setFloat64(SENT_AT, sentAt, true)
  view.setFloat64(TIME_TO_LIVE, timeToLiveMs, true)
  view.setFloat64(ITEMS, 0)
  view.setUint32(ITEMS, items, true)
  identity.writeTo(view, ID)
  traceIdentity.writeTo(view, TRACE)
  callIdentity.writeTo(view, CALL)
}
