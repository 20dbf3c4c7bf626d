import { RunaError } from '#protocol'
import type { OwnerLocks } from '../seat/owner-lock.ts'
import { checkFlag } from '../segment/arguments.ts'
import { align, KEY_BYTES_MAX, ringHeaderBytes, TOPICS_MAX } from '../segment/geometry.ts'
import { TOPICS_LOCK } from '../segment/header.ts'
import type { Segment } from '../segment/segment.ts'
import type { RingPlace } from './ring-place.ts'

// Words of an entry of the topic table. An entry exists once its state says so, which is written last.
const STATE = 0
const LOSSLESS = 1
const OFFSET = 2
const CAPACITY = 3
const NAME_LENGTH = 4
const NAME_BYTE = 64
const USED = 1

export interface TopicOptions {
  /** Lossless: publishing waits for, or is refused because of, the slowest living consumer. Else old messages go. */
  readonly lossless?: boolean
  /** Of the messages that wait in it, when this is what makes the topic. */
  readonly capacityBytes?: number
  /** The contract whose words the messages carry: on a bus that seals words, they are sealed under its key. */
  readonly words?: string
}

const CAPACITY_BYTES = 65_536

/**
 * Finds a topic in the table, or makes it. Throws BUS_FULL when there is no room for another, and BAD_INPUT when it
 * exists with the other mode. A process that dies while it makes one leaves nothing: the next one takes its place.
 */
export function placeTopic(
  segment: Segment,
  locks: OwnerLocks,
  name: string,
  { lossless = false, capacityBytes = CAPACITY_BYTES }: TopicOptions,
): RingPlace {
  checkFlag('lossless', lossless)
  const nameBytes = Buffer.from(typeof name === 'string' ? name : '')
  if (nameBytes.length === 0 || nameBytes.length > KEY_BYTES_MAX) {
    throw new RunaError('BAD_INPUT', `A topic's name has 1 to ${KEY_BYTES_MAX} bytes.`)
  }
  // In the table of everybody: what is no number there would be damage.
  if (!(Number.isSafeInteger(capacityBytes) && capacityBytes > 0)) {
    throw new RunaError('BAD_INPUT', `A topic holds a whole number of bytes, not ${capacityBytes}.`)
  }
  locks.acquire(TOPICS_LOCK)
  try {
    let index = 0
    let offset = segment.layout.topicArena
    for (; index < TOPICS_MAX; index += 1) {
      const entry = readEntry(segment, index)
      if (entry === undefined) break
      if (entry.name === name) return sameMode(name, entry.place, lossless)
      offset = entry.place.records + entry.place.capacityBytes
    }
    const place = {
      header: offset >> 2,
      records: offset + align(ringHeaderBytes(segment.layout.membersMax), 64),
      capacityBytes: align(Math.max(capacityBytes, 4_096), 64),
      consumersMax: segment.layout.membersMax,
      lossless,
    }
    const end = segment.layout.topicArena + segment.layout.topicsBytes
    if (index === TOPICS_MAX || place.records + place.capacityBytes > end) {
      throw new RunaError('BUS_FULL', `The bus has no room for the topic '${name}'.`)
    }
    writeEntry(segment, index, nameBytes, offset, place)
    return place
  } finally {
    locks.release(TOPICS_LOCK)
  }
}

/** Every topic that there is. Takes no lock: a topic stands in the table once it is whole, and stays. */
export function listTopics(segment: Segment): { readonly name: string; readonly place: RingPlace }[] {
  const entries = Array.from({ length: TOPICS_MAX }, (_, index) => readEntry(segment, index))
  return entries.filter((entry) => entry !== undefined)
}

function sameMode(name: string, place: RingPlace, lossless: boolean): RingPlace {
  if (place.lossless === lossless) return place
  throw new RunaError('BAD_INPUT', `The topic '${name}' is ${place.lossless ? 'lossless' : 'lossy'}.`)
}

function entryWord({ layout }: Segment, index: number): number {
  return (layout.topics + index * layout.topicEntryBytes) >> 2
}

function readEntry(segment: Segment, index: number): { name: string; place: RingPlace } | undefined {
  const { words, bytes, layout } = segment
  const word = entryWord(segment, index)
  if (Atomics.load(words, word + STATE) !== USED) return undefined
  const [lossless, offset = 0, capacityBytes = 0, nameLength = 0] = words.subarray(
    word + LOSSLESS,
    word + NAME_BYTE / 4,
  )
  const start = word * 4 + NAME_BYTE
  const records = offset + align(ringHeaderBytes(layout.membersMax), 64)
  const isAligned = offset % 64 === 0 && capacityBytes % 64 === 0
  const end = layout.topicArena + layout.topicsBytes
  if (!isAligned || offset < layout.topicArena || capacityBytes < 4_096 || records + capacityBytes > end) {
    throw new RunaError('BUS_CORRUPT', `${segment.path} is damaged: a topic lies outside of its place.`)
  }
  return {
    name: bytes.toString('utf8', start, start + Math.min(nameLength, KEY_BYTES_MAX)),
    place: {
      header: offset >> 2,
      records,
      capacityBytes,
      consumersMax: layout.membersMax,
      lossless: lossless === 1,
    },
  }
}

function writeEntry(
  segment: Segment,
  index: number,
  name: Uint8Array,
  offset: number,
  place: RingPlace,
): void {
  const { words, bytes } = segment
  const word = entryWord(segment, index)
  words[word + LOSSLESS] = place.lossless ? 1 : 0
  words[word + OFFSET] = offset
  words[word + CAPACITY] = place.capacityBytes
  words[word + NAME_LENGTH] = name.length
  bytes.set(name, word * 4 + NAME_BYTE)
  Atomics.store(words, word + STATE, USED)
}
