import { fence } from '../segment/fence.ts'
import type { Lifespan } from './companion.ts'
import { toMask } from './labels.ts'
import type { StoreParts } from './parts.ts'
import {
  GENERATION,
  INTEGER_TYPE,
  LABELS,
  LENGTHS,
  ORDERS,
  TYPE,
  TYPE_MASK,
  VALUE_TYPES,
  type ValueType,
  VERSION,
  WRITES,
} from './slot-fields.ts'
import type { Entry } from './slots.ts'

/** What stands beside a value. */
export interface KeyHead extends Lifespan {
  /** Of this very value: never that of another one, of this key or of one that had its name before. For `compareAndSet`. */
  readonly version: bigint
  readonly type: ValueType
  readonly sizeBytes: number
  /** Changes since the key came, modulo 2^32. */
  readonly writes: number
  /** A bit for each label. */
  readonly labels: bigint
  /** The highest number that was given to an ordered key under this one. */
  readonly orders: number
}

/** Generation and version in one. Only for a slot that has a key. */
export function tokenOf(words: Int32Array, slot: number): bigint {
  const generation = BigInt(Atomics.load(words, slot + GENERATION) >>> 0)
  return (generation << 32n) | BigInt(Atomics.load(words, slot + VERSION) >>> 0)
}

export function readHead(
  { segment: { words, integers }, slots }: StoreParts,
  entry: Entry,
): KeyHead | undefined {
  while (slots.locate(entry) && !slots.isGone(entry.slot)) {
    const { slot } = entry
    const version = tokenOf(words, slot)
    const type = (words[slot + TYPE] ?? 0) & TYPE_MASK
    const length = Atomics.load(words, slot + LENGTHS + Number(version & 1n))
    const head = {
      version,
      type: VALUE_TYPES[type] ?? 'bytes',
      sizeBytes: type === INTEGER_TYPE ? 8 : Math.max(0, length),
      writes: (words[slot + WRITES] ?? 0) >>> 0,
      labels: toMask(Atomics.load(integers, (slot + LABELS) / 2)),
      orders: words[slot + ORDERS] ?? 0,
      ...slots.companion.describe(slot),
    }
    fence()
    // The version is read after the generation: only both together say that all of it belongs to one value.
    if (slots.isLive(entry) && tokenOf(words, slot) === version) return head
  }
  return undefined
}
