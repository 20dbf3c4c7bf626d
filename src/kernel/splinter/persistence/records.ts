import type { Segment } from '../segment/segment.ts'
import { KeyEntry } from '../store/key-entry.ts'
import type { StoreParts } from '../store/parts.ts'
import { NO_ROOM } from '../store/slots.ts'
import {
  EXPIRES_AT,
  GENERATION,
  HALF_LIFE_MS,
  HAS_LIFETIME,
  INTEGER,
  INTEGER_TYPE,
  LABELS,
  LENGTHS,
  ORDERS,
  PLACES,
  THRESHOLD,
  TOUCHED_AT,
  TYPE,
  TYPE_MASK,
  VALUE_TYPES,
  VERSION,
  WRITES,
} from '../store/store-words.ts'
import type { KeyState, SnapshotRecord } from './snapshot-format.ts'

const LIFETIME = {
  expiresAt: EXPIRES_AT,
  touchedAt: TOUCHED_AT,
  halfLifeMs: HALF_LIFE_MS,
  threshold: THRESHOLD,
} as const
const LIFETIME_NAMES = Object.keys(LIFETIME) as (keyof typeof LIFETIME)[]

/**
 * Every key, as it stands in memory. Each is copied under the lock of its slot, so that its value, type, labels and lifetime
 * are of one instant; keys that come and go meanwhile are among them or not. Writers of a key wait for its copy.
 */
export function* readRecords(parts: StoreParts): Generator<SnapshotRecord> {
  const found: [slot: number, generation: number][] = []
  parts.slots.each((slot, generation) => found.push([slot, generation]))
  for (const [slot, generation] of found) {
    const record = copyOf(parts, slot, generation)
    if (record) yield record
  }
}

function copyOf(parts: StoreParts, slot: number, generation: number): SnapshotRecord | undefined {
  const { segment, slots } = parts
  slots.lock(slot)
  try {
    if (Atomics.load(segment.words, slot + GENERATION) !== generation || slots.isGone(slot)) return undefined
    const key = slots.keyOf(slot, generation)
    if (!key || key.length === 0) return undefined
    const state = stateOf(segment, slot)
    return { key, value: state.type === 'integer' ? undefined : valueIn(parts, slot), ...state }
  } finally {
    slots.unlock(slot)
  }
}

function stateOf({ words, floats, integers }: Segment, slot: number): KeyState {
  const type = VALUE_TYPES[(words[slot + TYPE] ?? 0) & TYPE_MASK] ?? 'bytes'
  const lifetime = LIFETIME_NAMES.map((name) => [name, floats[(slot + LIFETIME[name]) / 2] ?? 0])
  return {
    type,
    integer: type === 'integer' ? (integers[(slot + INTEGER) / 2] ?? 0n) : 0n,
    labels: BigInt.asUintN(64, integers[(slot + LABELS) / 2] ?? 0n),
    orders: (words[slot + ORDERS] ?? 0) >>> 0,
    writes: (words[slot + WRITES] ?? 0) >>> 0,
    ...(Object.fromEntries(lifetime) as Record<keyof typeof LIFETIME, number>),
  }
}

function valueIn({ segment, blocks }: StoreParts, slot: number): Buffer | undefined {
  const { words, bytes } = segment
  const side = (words[slot + VERSION] ?? 0) & 1
  const place = words[slot + PLACES + side] ?? 0
  const length = Math.min(words[slot + LENGTHS + side] ?? 0, blocks.capacity(place))
  if (length < 0) return undefined
  return Buffer.from(bytes.subarray(blocks.start(place), blocks.start(place) + length))
}

/** Puts a key back as it stood, in place of what it has become. Throws STORE_FULL. */
export function writeRecord(parts: StoreParts, record: SnapshotRecord): void {
  const entry = new KeyEntry(parts, 'a key of the snapshot', Buffer.from(record.key))
  const hasOtherKind = (slot: number) =>
    (((parts.segment.words[slot + TYPE] ?? 0) & TYPE_MASK) === INTEGER_TYPE) !== (record.type === 'integer')
  if (parts.slots.locate(entry) && hasOtherKind(entry.slot)) parts.slots.remove(entry)
  parts.slots.change(entry, (slot) => {
    if (record.value && !parts.values.write(slot, record.value)) return NO_ROOM
    writeState(parts.segment, slot, record)
    parts.slots.companion.enroll(slot)
    return undefined
  })
}

function writeState({ words, floats, integers }: Segment, slot: number, state: KeyState): void {
  for (const name of LIFETIME_NAMES) floats[(slot + LIFETIME[name]) / 2] = state[name]
  Atomics.store(integers, (slot + LABELS) / 2, BigInt.asIntN(64, state.labels))
  words[slot + ORDERS] = state.orders
  words[slot + WRITES] = state.writes
  if (state.type === 'integer') Atomics.store(integers, (slot + INTEGER) / 2, state.integer)
  const ends = state.expiresAt > 0 || state.halfLifeMs > 0 ? HAS_LIFETIME : 0
  words[slot + TYPE] = VALUE_TYPES.indexOf(state.type) | ends
  if (state.type === 'integer') Atomics.store(words, slot + VERSION, ((words[slot + VERSION] ?? 0) + 2) | 0)
}
