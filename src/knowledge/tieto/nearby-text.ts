import { RunaError } from '#protocol'
import type { Document } from './document.ts'
import { READ_BYTES_MAX } from './limits.ts'

/** A place in a document, widened to whole characters, and what stands around it. Offsets count bytes of the source. */
export interface NearbyText {
  readonly start: number
  readonly end: number
  readonly before: string
  readonly text: string
  readonly after: string
}

export interface Range {
  readonly start: number
  readonly end: number
}

/** Puts the source together again from preamble, chunks and gaps. Throws BAD_INPUT for a place outside of it. */
export function readNearby(
  document: Document,
  { start, end }: Range,
  beforeBytes: number,
  afterBytes: number,
): NearbyText {
  if (start > end || end > document.sizeBytes || end - start > READ_BYTES_MAX) {
    const limits = `the document has ${document.sizeBytes} bytes, and at most ${READ_BYTES_MAX} are read at once`
    throw new RunaError('BAD_INPUT', `start, end: ${limits}.`)
  }
  const from = Math.max(0, start - beforeBytes - CHARACTER_BYTES_MAX)
  const bytes = bytesBetween(
    document,
    from,
    Math.min(document.sizeBytes, end + afterBytes + CHARACTER_BYTES_MAX),
  )
  const places = [start - beforeBytes, start, end, end + afterBytes].map((place) => place - from)
  const [first = 0, textStart = 0, textEnd = 0, last = 0] = [
    forward(bytes, places[0] ?? 0),
    backward(bytes, places[1] ?? 0),
    forward(bytes, places[2] ?? 0),
    backward(bytes, places[3] ?? 0),
  ]
  return {
    start: from + textStart,
    end: from + textEnd,
    before: bytes.toString('utf8', Math.min(first, textStart), textStart),
    text: bytes.toString('utf8', textStart, textEnd),
    after: bytes.toString('utf8', textEnd, Math.max(last, textEnd)),
  }
}

const CHARACTER_BYTES_MAX = 4

/** UTF-8 marks every byte of a character but its first. */
function isInside(bytes: Buffer, place: number): boolean {
  return place > 0 && place < bytes.length && ((bytes[place] as number) & 0xc0) === 0x80
}

function backward(bytes: Buffer, place: number): number {
  let boundary = Math.min(Math.max(0, place), bytes.length)
  while (isInside(bytes, boundary)) boundary -= 1
  return boundary
}

function forward(bytes: Buffer, place: number): number {
  let boundary = Math.min(Math.max(0, place), bytes.length)
  while (isInside(bytes, boundary)) boundary += 1
  return boundary
}

function bytesBetween({ preamble, chunks }: Document, from: number, to: number): Buffer {
  const pieces: Buffer[] = []
  function take(start: number, text: string): void {
    const bytes = Buffer.from(text)
    if (start < to && start + bytes.length > from) {
      pieces.push(bytes.subarray(Math.max(0, from - start), Math.max(0, to - start)))
    }
  }
  take(0, preamble)
  for (const [index, chunk] of chunks.entries()) {
    // Only the texts in reach are turned into bytes; the next chunk tells where this one's gap ends.
    const next = chunks[index + 1]?.start ?? Number.POSITIVE_INFINITY
    if (next > from && chunk.start < to) take(chunk.start, chunk.text + chunk.after)
  }
  return Buffer.concat(pieces)
}
