import { BLOCK_BYTES_MIN, KEY_BYTES_MAX } from '../segment/geometry.ts'
import type { Segment } from '../segment/segment.ts'
import { blockAt } from '../store/blocks.ts'
import { hashOf } from '../store/key-index.ts'
import {
  CHECKS,
  GENERATION,
  HASH,
  INTEGER_TYPE,
  KEY_LENGTH,
  LAST_GENERATION,
  LENGTHS,
  LOCK,
  NEXT_FREE,
  NO_VALUE,
  PLACES,
  slotAt,
  TYPE,
  TYPE_MASK,
  VERSION,
  WATCHERS,
  WRITING,
} from '../store/store-words.ts'
import { checkOf, checkSeed, keyIn } from '../store/value-check.ts'

/** What was found in a bus that nobody can vouch for. */
export interface Recovered {
  /** That are there, whole. */
  readonly keys: number
  /**
   * Of these, the ones that have a value of before, since the last one was torn. As they were, or in hexadecimal digits where
   * a key is hashed, or no text any more. Here and below a thousand are named.
   */
  readonly older: readonly string[]
  readonly olderKeys: number
  /** Keys whose value was torn on both sides, or that were torn themselves. */
  readonly lost: readonly string[]
  readonly lostKeys: number
}

const NAMED_MAX = 1_000

/**
 * Goes through all slots of a bus that nobody uses, and keeps what its checks say is whole. Of a key that stands twice,
 * the later one stays. Sides that do not hold are given up, so that no two values share a block; index, free slots and
 * blocks are left to be made anew.
 */
export function recoverStore(segment: Segment): Recovered {
  const { layout, words } = segment
  const slots = Array.from({ length: layout.slotsMax }, (_, index) => slotAt(layout, index))
  const used = slots.filter((slot) => words[slot + GENERATION] !== 0)
  // Later insertions first: of two slots that claim a key, or a block, the later one is right.
  used.sort((one, other) => ((words[other + GENERATION] ?? 0) >>> 0) - ((words[one + GENERATION] ?? 0) >>> 0))
  // Also where that one is lost: none is given out again.
  const lastGeneration = used[0] === undefined ? 0 : (words[used[0] + GENERATION] ?? 0)
  const taken = new Uint8Array(layout.storeBytes / BLOCK_BYTES_MIN)
  const seen = new Set<string>()
  const older = createNames(segment)
  const lost = createNames(segment)
  let keys = 0

  for (const slot of used) {
    const key = keyOf(segment, slot)
    const name = key?.toString('latin1')
    if (name !== undefined && seen.has(name)) {
      free(segment, slot)
      continue
    }
    const kept = key === undefined ? 'nothing' : keepWhole(segment, slot, key, taken)
    if (kept === 'nothing') {
      lost.add(slot)
      free(segment, slot)
      continue
    }
    if (name !== undefined) seen.add(name)
    keys += 1
    if (kept === 'older') older.add(slot)
  }
  words[layout.storeHead / 4 + LAST_GENERATION] = lastGeneration
  for (const slot of slots) if (words[slot + GENERATION] === 0) free(segment, slot)
  eraseUntaken(segment, taken)
  return { keys, older: older.names, olderKeys: older.count, lost: lost.names, lostKeys: lost.count }
}

/** Counts all, and names the first. */
function createNames(segment: Segment) {
  const names: string[] = []
  return {
    names,
    count: 0,
    add(slot: number): void {
      this.count += 1
      if (names.length < NAMED_MAX) names.push(nameOf(segment, slot))
    },
  }
}

/** Undefined where the slot was torn so that it is no key's. */
function keyOf(segment: Segment, slot: number): Buffer | undefined {
  const length = segment.words[slot + KEY_LENGTH] ?? 0
  if (length < 1 || length > KEY_BYTES_MAX) return undefined
  const key = Buffer.from(keyIn(segment, slot))
  return hashOf(key) === segment.words[slot + HASH] ? key : undefined
}

function nameOf(segment: Segment, slot: number): string {
  const key = Buffer.from(keyIn(segment, slot))
  const text = key.toString('utf8')
  const isText = segment.privacy.keys !== 'hashed' && Buffer.from(text).equals(key) && !/\p{Cc}/u.test(text)
  return isText ? text : key.toString('hex')
}

/** The present value, the one before it, or nothing. */
function keepWhole(
  segment: Segment,
  slot: number,
  key: Buffer,
  taken: Uint8Array,
): 'present' | 'older' | 'nothing' {
  const { words } = segment
  const version = words[slot + VERSION] ?? 0
  words[slot + LOCK] = 0
  words[slot + WATCHERS] = 0
  if (((words[slot + TYPE] ?? 0) & TYPE_MASK) === INTEGER_TYPE) {
    giveUp(segment, slot, 0)
    giveUp(segment, slot, 1)
    words[slot + WRITING] = version
    return 'present'
  }
  const side = version & 1
  const isPresent = isWhole(segment, slot, side, key, taken)
  if (!isPresent && !isWhole(segment, slot, 1 - side, key, taken)) return 'nothing'
  giveUp(segment, slot, isPresent ? 1 - side : side)
  // The other side holds: its number is odd where this one's was even.
  words[slot + VERSION] = isPresent ? version : (version + 1) | 0
  words[slot + WRITING] = words[slot + VERSION] ?? 0
  return isPresent ? 'present' : 'older'
}

/** Whether what a side says of its value holds. Then its block is taken. */
function isWhole(segment: Segment, slot: number, side: number, key: Buffer, taken: Uint8Array): boolean {
  const { words, bytes, layout } = segment
  const length = words[slot + LENGTHS + side] ?? NO_VALUE
  const place = blockAt(words[slot + PLACES + side] ?? 0)
  const check = words[slot + CHECKS + side] ?? 0
  // A key that never had a value has no other side to go back to.
  if (length === NO_VALUE) return words[slot + LENGTHS + 1 - side] === NO_VALUE
  if (length < 0) return false
  if (!place) return length === 0 && checkOf(new Uint8Array(0), checkSeed(key)) === check
  const [first, end] = [place.unit, place.unit + place.units]
  if (place.units < 1 || first % place.units !== 0 || end > taken.length) return false
  if (length > place.units * BLOCK_BYTES_MIN || taken.subarray(first, end).includes(1)) return false
  const start = layout.arena + first * BLOCK_BYTES_MIN
  if (checkOf(bytes.subarray(start, start + length), checkSeed(key)) !== check) return false
  taken.fill(1, first, end)
  return true
}

function giveUp({ words }: Segment, slot: number, side: number): void {
  words[slot + PLACES + side] = 0
  words[slot + LENGTHS + side] = NO_VALUE
  words[slot + CHECKS + side] = 0
}

function free(segment: Segment, slot: number): void {
  const { words } = segment
  words[slot + GENERATION] = 0
  words[slot + NEXT_FREE] = 0
  words[slot + LOCK] = 0
  words[slot + WATCHERS] = 0
  giveUp(segment, slot, 0)
  giveUp(segment, slot, 1)
}

/** What deleted keys and torn values have left is nobody's any more. */
function eraseUntaken({ bytes, layout }: Segment, taken: Uint8Array): void {
  for (let unit = 0; unit < taken.length; ) {
    const end = endOfRun(taken, unit)
    const start = layout.arena + unit * BLOCK_BYTES_MIN
    if (taken[unit] === 0) bytes.fill(0, start, layout.arena + end * BLOCK_BYTES_MIN)
    unit = end
  }
}

function endOfRun(taken: Uint8Array, from: number): number {
  const end = taken.indexOf(taken[from] === 0 ? 1 : 0, from)
  return end < 0 ? taken.length : end
}
