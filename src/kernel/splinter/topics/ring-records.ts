import type { Segment } from '../segment/segment.ts'
import type { RingPlace } from './ring-place.ts'

/** length, sequence, position and a check over the three: 4 words before each record */
export const RECORD_HEADER_BYTES = 16
const RECORD_MARK = 0x52_756e_61
/** Positions run on and wrap here, far beyond the capacity, so that an old one is never taken for a new one. */
const POSITIONS = 2 ** 30

export function recordBytes(payloadBytes: number): number {
  return (RECORD_HEADER_BYTES + payloadBytes + 15) & ~15
}

/** Records by position. One may run over the end of the memory and go on at its beginning; its header never does. */
export function createRecordStore({ bytes, words }: Segment, { records, capacityBytes }: RingPlace) {
  const positions = Math.floor(POSITIONS / capacityBytes) * capacityBytes
  const check = (length: number, sequence: number, position: number) =>
    length ^ Math.imul(sequence, 0x9e37_79b1) ^ position ^ RECORD_MARK

  return {
    advance(position: number, byBytes: number): number {
      const sum = position + byBytes
      return sum >= positions ? sum - positions : sum
    },
    distance(from: number, to: number): number {
      return to >= from ? to - from : to - from + positions
    },
    isPosition(position: number): boolean {
      return position >= 0 && position < positions && position % 16 === 0
    },
    /** Undefined when no sound record with that sequence begins there. */
    lengthAt(position: number, sequence: number): number | undefined {
      const word = (records + (position % capacityBytes)) >> 2
      const length = words[word] ?? -1
      const sound =
        length >= 0 &&
        recordBytes(length) <= capacityBytes &&
        words[word + 1] === sequence &&
        words[word + 2] === position &&
        words[word + 3] === check(length, sequence, position)
      return sound ? length : undefined
    },
    write(position: number, sequence: number, record: Uint8Array): void {
      const offset = position % capacityBytes
      const word = (records + offset) >> 2
      words[word] = record.length
      words[word + 1] = sequence
      words[word + 2] = position
      words[word + 3] = check(record.length, sequence, position)
      const start = (offset + RECORD_HEADER_BYTES) % capacityBytes
      const first = Math.min(record.length, capacityBytes - start)
      bytes.set(first === record.length ? record : record.subarray(0, first), records + start)
      if (first < record.length) bytes.set(record.subarray(first), records)
    },
    read(position: number, into: Uint8Array): void {
      const start = ((position % capacityBytes) + RECORD_HEADER_BYTES) % capacityBytes
      const first = Math.min(into.length, capacityBytes - start)
      into.set(bytes.subarray(records + start, records + start + first))
      if (first < into.length) into.set(bytes.subarray(records, records + into.length - first), first)
    },
    /** Leaves the header: it holds nothing of the content. */
    erase(position: number, length: number): void {
      const start = ((position % capacityBytes) + RECORD_HEADER_BYTES) % capacityBytes
      const first = Math.min(length, capacityBytes - start)
      bytes.fill(0, records + start, records + start + first)
      if (first < length) bytes.fill(0, records, records + length - first)
    },
  }
}
