import { RunaError } from '#protocol'
import type { Lasting } from './companion.ts'
import type { KeyedParts } from './create-parts.ts'
import { checkDecay, checkDuration, type Decay } from './decay.ts'
import { checkMask, halvesOf, hasLabels, type LabelMatch, toMask, toSigned } from './labels.ts'
import type { Lifetimes } from './lifetimes.ts'
import {
  INTEGER_TYPE,
  LABELS,
  numberOfType,
  TYPE,
  TYPE_MASK,
  type ValueType,
  WATCHERS,
} from './store-words.ts'
import type { WatchTable } from './watch-table.ts'

/** What is known of a key beside its value. All of it stays in clear, and outlives a new value, but for the time to live. */
export interface Attributes {
  /** Says what the value is; nothing is checked. False where there is no such key. Throws BAD_INPUT from and to integer. */
  setType(key: string, type: ValueType): boolean
  /** Adds labels to a key, then takes some away, and returns the mask of those that it has: 0 where there is no such key. */
  label(key: string, change: { readonly add?: bigint; readonly remove?: bigint }): bigint
  /** The keys that have these labels, in order. Throws BAD_INPUT on a bus with hashed keys. */
  labelled(mask: bigint, match?: LabelMatch): string[]
  /** The key is gone after that time, unless it is set anew; undefined: it stays. False where it is not there. */
  expire(key: string, timeToLiveMs: number | undefined): boolean
  /** The key fades from now on, unless it is used; undefined: it stays. False where it is not there. */
  decay(key: string, decay: Decay | undefined): boolean
  /** Uses a key without reading it. False where it is not there. */
  touch(key: string): boolean
}

export interface AttributeParts extends KeyedParts {
  readonly lifetimes: Lifetimes
  readonly watchTable: WatchTable
  /** The keys of the slots that pass, in order. */
  listKeys(passes: (slot: number) => boolean): string[]
}

export function createAttributes(parts: AttributeParts): Attributes {
  const { segment, slots, lifetimes, entryOf, listKeys } = parts
  const { words } = segment

  /** Whether the key was there. */
  function change(key: string, work: (slot: number) => void): boolean {
    const isDone = slots.changeIfThere(entryOf(key), (slot) => {
      work(slot)
      return true
    })
    return isDone ?? false
  }

  return {
    setType(key, type) {
      const number = numberOfType(type)
      return change(key, (slot) => {
        const before = (words[slot + TYPE] ?? 0) & TYPE_MASK
        if (before !== number && (before === INTEGER_TYPE || number === INTEGER_TYPE)) throw noOtherType()
        putType(words, slot, number)
      })
    },
    label(key, change) {
      const { add = 0n, remove = 0n } = change ?? {}
      const masks = [checkMask(add), checkMask(remove)] as const
      const entry = entryOf(key)
      return slots.changeIfThere(entry, (slot) => relabel(parts, slot, entry.keyBytes, masks)) ?? 0n
    },
    labelled(mask, match = 'all') {
      const wanted = halvesOf(checkMask(mask))
      return listKeys((slot) =>
        hasLabels(words[slot + LABELS] ?? 0, words[slot + LABELS + 1] ?? 0, wanted, match),
      )
    },
    expire(key, timeToLiveMs) {
      const lastsMs = timeToLiveMs === undefined ? undefined : checkTimeToLive(timeToLiveMs)
      return change(key, (slot) => lifetimes.expireAfter(slot, lastsMs))
    },
    decay(key, decay) {
      const checked = decay && checkDecay(decay)
      return change(key, (slot) => lifetimes.decay(slot, checked))
    },
    touch: (key) => change(key, (slot) => lifetimes.touch(slot)),
  }
}

/** Checks what was said of a value, and returns what is to be done to its slot once it has that. */
export function prepareLasting(
  words: Int32Array,
  lifetimes: Lifetimes,
  { type, timeToLiveMs, decay }: Lasting,
): ((slot: number) => void) | undefined {
  if (type === undefined && timeToLiveMs === undefined && decay === undefined) return undefined
  const number = type && numberOfType(type)
  if (number === INTEGER_TYPE) throw noOtherType()
  const lastsMs = timeToLiveMs === undefined ? undefined : checkTimeToLive(timeToLiveMs)
  const checked = decay && checkDecay(decay)
  return (slot) => {
    if (number !== undefined) putType(words, slot, number)
    lifetimes.renew(slot, lastsMs)
    if (checked) lifetimes.decay(slot, checked)
  }
}

const checkTimeToLive = (timeToLiveMs: number) => checkDuration('A time to live', timeToLiveMs)

function putType(words: Int32Array, slot: number, number: number): void {
  Atomics.store(words, slot + TYPE, ((words[slot + TYPE] ?? 0) & ~TYPE_MASK) | number)
}

function noOtherType(): RunaError {
  return new RunaError('BAD_INPUT', 'A number is of no other type, and nothing else is of type integer.')
}

/** All at once, in one word of 64 bits. Who watches a label that comes watches the key from now on. */
function relabel(
  { segment, slots, watchTable }: AttributeParts,
  slot: number,
  key: Buffer,
  [add, remove]: readonly [bigint, bigint],
): bigint {
  const { words, integers } = segment
  const at = (slot + LABELS) / 2
  const before = toMask(Atomics.load(integers, at))
  const mask = (before | add) & ~remove
  if (mask === before) return mask
  const { low, high } = halvesOf(mask)
  Atomics.or(words, slot + WATCHERS, watchTable.rowsThatWatch(key, low, high))
  if (words[slot + WATCHERS] !== 0) slots.companion.changing(slot)
  Atomics.store(integers, at, toSigned(mask))
  // Who has begun to watch meanwhile has either seen these labels, or is seen here.
  Atomics.or(words, slot + WATCHERS, watchTable.rowsThatWatch(key, low, high))
  if (words[slot + WATCHERS] !== 0) slots.companion.changed(slot)
  return mask
}
