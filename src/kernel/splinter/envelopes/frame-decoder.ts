import { CompactEnvelope, type Envelope, Identity } from '#protocol'
import { RECORD_BYTES_MAX } from '../segment/geometry.ts'
import {
  ASCII,
  BYTES_PAYLOAD,
  CALL,
  corrupt,
  FLAGS,
  type FrameSeals,
  ID,
  ITEMS,
  isSealed,
  JSON_PAYLOAD,
  LAST,
  MARK,
  NAMES,
  PAYLOAD_LENGTH,
  RECEIVER,
  SENT_AT,
  SEQUENCE,
  TIME_TO_LIVE,
  TRACE,
  TYPE,
  TYPES,
  UNSEALED,
} from './frame-format.ts'
import { createNameReader, type NameReader, nameBlockBytes } from './frame-names.ts'

const BYTES_MIN = NAMES + 8

/** Reads envelopes from bytes, which may lie in memory that others write to while they are read. */
export interface FrameDecoder {
  /**
   * The result shares no memory with the frame. Throws ENVELOPE_CORRUPT for whatever is no envelope, SEAL_BROKEN for one
   * that was changed since it was sealed, BUS_KEY_MISSING for one that this process cannot open; any bytes at all may be
   * given.
   */
  decode(frame: Uint8Array): CompactEnvelope
  /** The stamp of the member that the last one was written for. */
  readonly receiver: number
  /** Whether the last one was sealed by its sender. */
  readonly isSealed: boolean
}

export function createFrameDecoder(frameSeals: FrameSeals = UNSEALED): FrameDecoder {
  return new MemoryDecoder(frameSeals)
}

class MemoryDecoder implements FrameDecoder {
  receiver = 0
  isSealed = false
  private readonly seals: FrameSeals
  private readonly readNames: NameReader = createNameReader()
  private memory: ArrayBufferLike = new ArrayBuffer(0)
  private view: DataView = new DataView(this.memory)
  private bytes: Buffer = Buffer.from(this.memory)
  private raw: Uint8Array = new Uint8Array(this.memory)
  private start = 0
  private end = 0

  constructor(seals: FrameSeals) {
    this.seals = seals
  }

  decode(frame: Uint8Array): CompactEnvelope {
    const { length } = frame
    if (length < BYTES_MIN || length > RECORD_BYTES_MAX || frame[0] !== MARK) throw corrupt('its header')
    this.isSealed = isSealed(frame)
    // What the seal covers must not change between its check and its use.
    this.look(this.isSealed ? new Uint8Array(frame) : frame)
    return this.read()
  }

  private look(frame: Uint8Array): void {
    this.start = frame.byteOffset
    this.end = frame.byteOffset + frame.length
    if (this.memory === frame.buffer) return
    this.memory = frame.buffer
    this.view = new DataView(frame.buffer)
    this.bytes = Buffer.from(frame.buffer)
    this.raw = new Uint8Array(frame.buffer)
  }

  private read(): CompactEnvelope {
    const { view, start, end } = this
    const payloadStart = start + NAMES + nameBlockBytes(view, start + NAMES)
    if (payloadStart + view.getUint32(start + PAYLOAD_LENGTH, true) !== end) throw corrupt('its lengths')
    const names = this.readNames(view, start + NAMES, payloadStart)
    if (!names) throw corrupt('a name')
    const flags = view.getUint8(start + FLAGS)
    const payload = this.readPayload(payloadStart, flags, names.words)
    const items = view.getUint32(start + ITEMS, true)
    if (items > 0 && !(Array.isArray(payload) && payload.length === items)) throw corrupt('its items')
    this.receiver = view.getInt32(start + RECEIVER, true)
    const identity = readIdentity(view, start + ID)
    const trace = identity.standsAt(view, start + TRACE) ? identity : readIdentity(view, start + TRACE)
    const call = trace.standsAt(view, start + CALL) ? trace : readIdentity(view, start + CALL)
    return new CompactEnvelope(identity, trace, call, {
      sentAt: readMs(view, start + SENT_AT, 0),
      timeToLiveMs: readMs(view, start + TIME_TO_LIVE, 1),
      from: names.from,
      to: names.to,
      type: readType(view, start),
      operation: names.operation,
      sequence: view.getUint32(start + SEQUENCE, true),
      last: (flags & LAST) !== 0,
      words: names.words === '' ? undefined : names.words,
      items: items === 0 ? undefined : items,
      payload,
    })
  }

  /** What comes in clear where all is sealed was put there by somebody without the key, and so is the reverse. */
  private readPayload(payloadStart: number, flags: number, words: string): unknown {
    const { bytes, raw, start, end } = this
    const { seals, sealFor } = this.seals
    const isNamed = words !== ''
    if (!this.isSealed) {
      if (seals === 'everything' || isNamed) throw corrupt('it is not sealed')
      return readContent(bytes, raw, payloadStart, end, flags)
    }
    const seal = isNamed === (seals === 'words') ? sealFor(isNamed ? words : undefined) : undefined
    if (!seal) throw corrupt('its seal')
    const opened = seal.open(bytes.subarray(payloadStart, end), bytes.subarray(start, payloadStart))
    return readContent(
      opened,
      new Uint8Array(opened.buffer, opened.byteOffset, opened.length),
      0,
      opened.length,
      flags,
    )
  }
}

function readType(view: DataView, start: number): Envelope['type'] {
  const type = TYPES[view.getUint8(start + TYPE)]
  if (type === undefined) throw corrupt('its type')
  return type
}

function readMs(view: DataView, at: number, least: number): number {
  const ms = view.getFloat64(at, true)
  if (!Number.isSafeInteger(ms) || ms < least) throw corrupt('its time')
  return ms
}

function readIdentity(view: DataView, offset: number): Identity {
  const identity = Identity.read(view, offset)
  if (!identity) throw corrupt('an identity is no UUID')
  return identity
}

/** `raw` is the same memory as `content`: a part of a Buffer takes far longer to come by. */
function readContent(content: Buffer, raw: Uint8Array, start: number, end: number, flags: number): unknown {
  if (flags & BYTES_PAYLOAD) return copyBytes(raw, start, end)
  if (!(flags & JSON_PAYLOAD)) return undefined
  try {
    return JSON.parse(content.toString(flags & ASCII ? 'latin1' : 'utf8', start, end))
  } catch {
    // Not the parser's own words: they quote the text.
    throw corrupt('its payload')
  }
}

/** Small ones share a slab: memory that is asked for one by one costs more than what is copied into it. */
const SLAB_BYTES = 65_536
const SLABBED_BYTES_MAX = 4_096
/** The engine keeps so small ones among its objects. */
const EASY_BYTES_MAX = 64
let slab = new Uint8Array(0)
let slabUsed = 0

/** Not cleared first: all of it is written over. */
function newBytes(length: number): Uint8Array {
  return new Uint8Array(Buffer.allocUnsafeSlow(length).buffer)
}

function copyBytes(content: Uint8Array, start: number, end: number): Uint8Array {
  const length = end - start
  if (length <= EASY_BYTES_MAX) return content.slice(start, end)
  if (length > SLABBED_BYTES_MAX) {
    const alone = newBytes(length)
    alone.set(content.subarray(start, end))
    return alone
  }
  if (slabUsed + length > slab.length) {
    slab = new Uint8Array(SLAB_BYTES)
    slabUsed = 0
  }
  const copy = slab.subarray(slabUsed, slabUsed + length)
  // What is read as numbers has to begin where numbers may.
  slabUsed = (slabUsed + length + 7) & ~7
  copy.set(content.subarray(start, end))
  return copy
}
