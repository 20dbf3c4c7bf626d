import type { Segment } from '../segment/segment.ts'
import type { RingPlace } from './ring-place.ts'

/** length and flags, sequence, stamp and a check over them: 4 words before each record */
const RECORD_HEADER_BYTES = 16
/** when it expires, its kind, the call it belongs to, and who sent it: 4 words more, where the flag says so */
const NOTE_BYTES = 16
const RECORD_MARK = 0x52_756e_61
const LENGTH_MAX = 2 ** 28 - 1
const NOTED = 2 ** 28
/** Positions run on and wrap here, far beyond the capacity, so that an old one is never taken for a new one. */
const POSITIONS = 2 ** 30
/** Below this, a loop over bytes is cheaper than making a view. */
const LOOP_BYTES_MAX = 32

/** Kinds of records. One without a note is a message. */
export const MESSAGE = 0
export const REQUEST = 1
export const REPLY = 2
export const FAILURE = 3
/** A bit for each kind that there may ever be. */
export const ALL_KINDS = -1

/** What a record may say of itself beside its bytes. */
export interface RecordNote {
  /** On the monotonic clock, in whole milliseconds of 32 bits; 0: never. */
  expiresAtMs: number
  kind: number
  call: number
  /** The stamp of its sender. */
  from: number
}

/** A message has no call: the two words of it say as what it was relayed, in 53 bits; 0 where it was not. */
export function relayNote(relayedAs: number): Pick<RecordNote, 'call' | 'from'> {
  return { call: relayedAs | 0, from: Math.floor(relayedAs / 2 ** 32) }
}

export function relayedAsOf({ call, from }: RecordNote): number {
  return from * 2 ** 32 + (call >>> 0)
}

/** Of the first word of a record. */
export function lengthOf(first: number): number {
  return first & LENGTH_MAX
}

export function isNoted(first: number): boolean {
  return first >= NOTED
}

export function recordBytes(payloadBytes: number, noted = false): number {
  return (RECORD_HEADER_BYTES + (noted ? NOTE_BYTES : 0) + payloadBytes + 15) & ~15
}

/** Records by position. One may run over the end of the memory and go on at its beginning; its header never does. */
export class RecordStore {
  private readonly words: Int32Array
  private readonly bytes: Uint8Array
  private readonly records: number
  private readonly capacityBytes: number
  private readonly positions: number

  constructor({ bytes, words }: Segment, { records, capacityBytes }: RingPlace) {
    this.words = words
    // A plain one: views of a Buffer cost twice as much to make.
    this.bytes = new Uint8Array(bytes.buffer, bytes.byteOffset, bytes.length)
    this.records = records
    this.capacityBytes = capacityBytes
    this.positions = Math.floor(POSITIONS / capacityBytes) * capacityBytes
  }

  advance(position: number, byBytes: number): number {
    const sum = position + byBytes
    return sum >= this.positions ? sum - this.positions : sum
  }

  distance(from: number, to: number): number {
    return to >= from ? to - from : to - from + this.positions
  }

  isPosition(position: number): boolean {
    return position >= 0 && position < this.positions && position % 16 === 0
  }

  /** The first word of the record there; -1 where no sound record with that sequence begins. */
  headAt(position: number, sequence: number): number {
    const { words } = this
    const word = (this.records + (position % this.capacityBytes)) >> 2
    const first = words[word] ?? -1
    const sound =
      first >= 0 &&
      first < 2 * NOTED &&
      recordBytes(lengthOf(first), isNoted(first)) <= this.capacityBytes &&
      words[word + 1] === sequence &&
      words[word + 3] === checkOf(first, sequence, position, words[word + 2] ?? 0)
    return sound ? first : -1
  }

  /** When it was sent, in microseconds of the monotonic clock; 0 where that was not written. */
  stampAt(position: number): number {
    return this.words[((this.records + (position % this.capacityBytes)) >> 2) + 2] ?? 0
  }

  noteAt(position: number, into: RecordNote): void {
    const word = this.noteWord(position)
    into.expiresAtMs = this.words[word] ?? 0
    into.kind = this.words[word + 1] ?? 0
    into.call = this.words[word + 2] ?? 0
    into.from = this.words[word + 3] ?? 0
  }

  write(position: number, sequence: number, stamp: number, record: Uint8Array, note?: RecordNote): void {
    const { words, bytes, capacityBytes, records } = this
    const offset = position % capacityBytes
    const word = (records + offset) >> 2
    const { length } = record
    const first = note === undefined ? length : length | NOTED
    words[word] = first
    words[word + 1] = sequence
    words[word + 2] = stamp
    words[word + 3] = checkOf(first, sequence, position, stamp)
    if (note !== undefined) this.writeNote(this.noteWord(position), note)
    const start = this.startOf(offset, note !== undefined)
    if (start + length <= capacityBytes) {
      bytes.set(record, records + start)
      return
    }
    const whole = capacityBytes - start
    bytes.set(record.subarray(0, whole), records + start)
    bytes.set(record.subarray(whole), records)
  }

  /** The bytes themselves, in shared memory; undefined where they run over the end of it. */
  viewAt(position: number, length: number, noted: boolean): Uint8Array | undefined {
    const start = this.startOf(position % this.capacityBytes, noted)
    if (start + length > this.capacityBytes) return undefined
    return new Uint8Array(this.bytes.buffer, this.bytes.byteOffset + this.records + start, length)
  }

  /** Copies the bytes to the beginning of `into`, which has room for them. */
  readInto(position: number, length: number, noted: boolean, into: Uint8Array): void {
    const { bytes, capacityBytes, records } = this
    const start = this.startOf(position % capacityBytes, noted)
    if (length <= LOOP_BYTES_MAX && start + length <= capacityBytes) {
      for (let index = 0; index < length; index += 1) into[index] = bytes[records + start + index] ?? 0
      return
    }
    const first = Math.min(length, capacityBytes - start)
    into.set(bytes.subarray(records + start, records + start + first))
    if (first < length) into.set(bytes.subarray(records, records + length - first), first)
  }

  /** Leaves the header: it holds nothing of the content. */
  erase(position: number, length: number, noted: boolean): void {
    const { bytes, capacityBytes, records } = this
    const start = this.startOf(position % capacityBytes, noted)
    const first = Math.min(length, capacityBytes - start)
    bytes.fill(0, records + start, records + start + first)
    if (first < length) bytes.fill(0, records, records + length - first)
  }

  /** Of the bytes, from the beginning of the records. */
  private startOf(offset: number, noted: boolean): number {
    const start = offset + (noted ? RECORD_HEADER_BYTES + NOTE_BYTES : RECORD_HEADER_BYTES)
    return start >= this.capacityBytes ? start - this.capacityBytes : start
  }

  private noteWord(position: number): number {
    return (this.records + ((position + RECORD_HEADER_BYTES) % this.capacityBytes)) >> 2
  }

  private writeNote(word: number, { expiresAtMs, kind, call, from }: RecordNote): void {
    this.words[word] = expiresAtMs
    this.words[word + 1] = kind
    this.words[word + 2] = call
    this.words[word + 3] = from
  }
}

/** Binds a header to its place and its turn, so that bytes of an older record are not taken for one. */
function checkOf(first: number, sequence: number, position: number, stamp: number): number {
  return first ^ Math.imul(sequence, 0x9e37_79b1) ^ Math.imul(position, 0x85eb_ca6b) ^ stamp ^ RECORD_MARK
}
