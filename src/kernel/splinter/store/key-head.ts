import { RunaError } from '#protocol'
import { fence } from '../segment/fence.ts'
import type { Lifespan } from './companion.ts'
import { toMask } from './labels.ts'
import type { StoreParts } from './parts.ts'
import type { Entry } from './slot-reader.ts'
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
  WRITING,
} from './store-words.ts'

/** Far more than writers can interrupt. */
const ATTEMPTS_MAX = 100_000
const INTEGER_BYTES = 8

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
  return tokenFrom(Atomics.load(words, slot + GENERATION), Atomics.load(words, slot + VERSION))
}

function tokenFrom(generation: number, version: number): bigint {
  return (BigInt(generation >>> 0) << 32n) | BigInt(version >>> 0)
}

export function readHead({ segment, slots }: StoreParts, entry: Entry): KeyHead | undefined {
  const { words, integers } = segment
  for (let attempt = 0; attempt < ATTEMPTS_MAX; attempt += 1) {
    if (!slots.locate(entry) || slots.isGone(entry.slot)) return undefined
    const { slot, generation } = entry
    const version = Atomics.load(words, slot + VERSION)
    if (Atomics.load(words, slot + GENERATION) !== generation) continue
    const type = (words[slot + TYPE] ?? 0) & TYPE_MASK
    const length = Atomics.load(words, slot + LENGTHS + (version & 1))
    const head = {
      version: tokenFrom(generation, version),
      type: VALUE_TYPES[type] ?? 'bytes',
      sizeBytes: type === INTEGER_TYPE ? INTEGER_BYTES : Math.max(0, length),
      writes: (words[slot + WRITES] ?? 0) >>> 0,
      labels: toMask(Atomics.load(integers, (slot + LABELS) / 2)),
      orders: words[slot + ORDERS] ?? 0,
      ...slots.companion.describe(slot),
    }
    fence()
    // The length is that of this version as long as nobody writes over its side: later versions may come and go.
    if (((Atomics.load(words, slot + WRITING) - version) | 0) <= 1) return head
  }
  throw new RunaError('BUS_CORRUPT', 'A key of the store cannot be read: its slot is damaged.')
}
