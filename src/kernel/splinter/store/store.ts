import { MESSAGE_SEAL_BYTES, type MessageSeal } from '#kernel/seal'
import { RunaError } from '#protocol'
import type { OwnerLocks } from '../seat/owner-lock.ts'
import { KEY_BYTES_MAX } from '../segment/geometry.ts'
import { type Protection, protect } from '../segment/privacy.ts'
import type { Segment } from '../segment/segment.ts'
import { Blocks } from './blocks.ts'
import { KeyEntry, type KeyHandle, refuseInteger, tooLong } from './key-entry.ts'
import { type KeyHead, tokenOf } from './key-head.ts'
import { Numbers } from './numbers.ts'
import type { StoreParts } from './parts.ts'
import { NO_ROOM, Slots } from './slots.ts'
import { type Scrub, Values } from './values.ts'

export interface ValueOptions {
  /**
   * The contract whose words the value carries: on a bus that seals words, it is sealed under its key, bound to the key
   * that it stands under, and read with the same option.
   */
  readonly words?: string
}

/**
 * Keys and values in the memory of the bus. What was set is read whole, whoever dies meanwhile. Sealed values throw
 * BUS_KEY_MISSING without their key, and SEAL_BROKEN where they were changed, or never sealed; an older one that
 * somebody put back is not told from the present one. Whole numbers stay clear: they are nobody's words.
 */
export interface Store {
  /** For a key that is used often. */
  handle(key: string, options?: ValueOptions): KeyHandle
  /** A copy of the value; undefined where there is none. A whole number is its 8 bytes, the lowest first. */
  get(key: string, options?: ValueOptions): Uint8Array | undefined
  /**
   * Copies the value to the beginning of `into` and returns its length, −1 where there is none. Throws BAD_INPUT when
   * `into` is too short.
   */
  getInto(key: string, into: Uint8Array, options?: ValueOptions): number
  /**
   * Throws STORE_FULL when no more fits; BAD_INPUT for a key or value that is too long, or a key that counts. Then the old
   * value stays.
   */
  set(key: string, value: Uint8Array, options?: ValueOptions): void
  /** Adds to the end of a value, and returns how long it is now. Throws as `set`, and BAD_INPUT where values are sealed. */
  append(key: string, addition: Uint8Array, options?: ValueOptions): number
  /** Whether there was something to delete. */
  delete(key: string): boolean
  /**
   * Sets the value if the key still has this version, as `head` gives it; 0n: if there is no such key. False where it has
   * not.
   */
  compareAndSet(key: string, version: bigint, value: Uint8Array, options?: ValueOptions): boolean
  head(key: string): KeyHead | undefined
  /** The keys that begin so, in order. Throws BAD_INPUT on a bus with hashed keys: nobody can read them there. */
  list(prefix?: string): string[]
  /** The whole number of that key, of 64 bits with a sign; 0n where there is none. */
  load(key: string): bigint
  /** Returns the sum. Here and below a number that does not fit in 64 bits is refused with BAD_INPUT. */
  add(key: string, by: bigint): bigint
  and(key: string, mask: bigint): bigint
  or(key: string, mask: bigint): bigint
  xor(key: string, mask: bigint): bigint
  not(key: string): bigint
  /** Replaces the number if it is `expected`; returns what it was. */
  compareExchange(key: string, expected: bigint, replacement: bigint): bigint
  /** What is overwritten with zeros, for all members. `hybrid`: what is freed; `full`: also a value once a new one holds. */
  scrub: Scrub
}

/** Of keys that are remembered: longer than a process's keys stay in use, short enough to stay small. */
const KNOWN_MAX = 16_384

export function createStore(segment: Segment, locks: OwnerLocks, protection: Protection): Store {
  const blocks = new Blocks(segment, locks)
  const values = new Values(segment, blocks)
  const parts: StoreParts = { segment, locks, blocks, values, slots: new Slots(segment, locks, values) }
  const entryOf = createKnownKeys(parts, protection)
  return {
    ...createValues(parts, entryOf, protection),
    ...createNumbers(parts, entryOf),
    delete: (key) => entryOf(key).delete(),
    head: (key) => entryOf(key).head(),
    list: (prefix = '') => listKeys(parts, protection, prefix),
    get scrub() {
      return values.scrub
    },
    set scrub(scrub) {
      values.scrub = scrub
    },
  }
}

type EntryOf = ReturnType<typeof createKnownKeys>

function createKnownKeys(parts: StoreParts, { storedKey }: Protection) {
  const known = new Map<string, KeyEntry>()

  function know(key: string): KeyEntry {
    const bytes = storedKey(key)
    if (bytes.length === 0 || bytes.length > KEY_BYTES_MAX) {
      throw new RunaError('BAD_INPUT', `A key has 1 to ${KEY_BYTES_MAX} bytes; this one has ${bytes.length}.`)
    }
    if (known.size >= KNOWN_MAX) known.clear()
    const entry = new KeyEntry(parts, key, bytes)
    known.set(key, entry)
    return entry
  }

  return (key: string): KeyEntry => known.get(key) ?? know(key)
}

type ValueStore = Pick<Store, 'handle' | 'get' | 'getInto' | 'set' | 'append' | 'compareAndSet'>

function createValues(parts: StoreParts, entryOf: EntryOf, protection: Protection): ValueStore {
  const sealed = createSealedValues(parts, entryOf)
  const sealOf = (options: ValueOptions | undefined) => protection.sealFor(options?.words)
  return {
    handle(key, options) {
      const seal = sealOf(options)
      return seal ? sealed.handle(entryOf(key), seal) : entryOf(key)
    },
    get(key, options) {
      const seal = sealOf(options)
      return seal ? sealed.get(entryOf(key), seal) : entryOf(key).get()
    },
    getInto(key, into, options) {
      const seal = sealOf(options)
      return seal ? sealed.getInto(entryOf(key), into, seal) : entryOf(key).getInto(into)
    },
    set(key, content, options) {
      const seal = sealOf(options)
      const entry = entryOf(key)
      entry.set(seal ? sealed.seal(entry, content, seal) : content)
    },
    append(key, addition, options) {
      return sealOf(options) ? refuseToAppend() : entryOf(key).append(addition)
    },
    compareAndSet(key, version, content, options) {
      const seal = sealOf(options)
      const entry = entryOf(key)
      return compareAndSet(parts, entry, version, seal ? sealed.seal(entry, content, seal) : content)
    },
  }
}

function compareAndSet(
  { slots, values, segment: { words, layout } }: StoreParts,
  entry: KeyEntry,
  version: bigint,
  value: Uint8Array,
): boolean {
  if (value.length > layout.valueBytesMax) throw tooLong(value.length, layout.valueBytesMax)
  const isAsExpected = (slot: number) =>
    version === 0n ? slots.isNew(slot) : tokenOf(words, slot) === version
  const write = (slot: number) => {
    if (!isAsExpected(slot)) return false
    refuseInteger(words, slot)
    return values.write(slot, value) ? true : NO_ROOM
  }
  return version === 0n ? slots.change(entry, write) : (slots.changeIfThere(entry, write) ?? false)
}

/** Values that are sealed before they are set, each bound to its key. */
function createSealedValues({ segment }: StoreParts, entryOf: EntryOf) {
  const placeOf = (entry: KeyEntry) => Buffer.concat([Buffer.from('value '), entry.keyBytes])

  function get(entry: KeyEntry, seal: MessageSeal): Buffer | undefined {
    const value = entry.get()
    return value && seal.open(value, placeOf(entry))
  }

  function getInto(entry: KeyEntry, into: Uint8Array, seal: MessageSeal): number {
    const value = get(entry, seal)
    if (value && value.length > into.length) {
      throw new RunaError(
        'BAD_INPUT',
        `The value has ${value.length} bytes; there is room for ${into.length}.`,
      )
    }
    if (value) into.set(value)
    return value?.length ?? -1
  }

  function sealValue(entry: KeyEntry, content: Uint8Array, seal: MessageSeal): Uint8Array {
    const fitting = segment.layout.valueBytesMax - MESSAGE_SEAL_BYTES
    if (content.length > fitting) throw tooLong(content.length, fitting)
    return protect(seal, content, placeOf(entry))
  }

  return {
    get,
    getInto,
    seal: sealValue,
    handle({ key }: KeyEntry, seal: MessageSeal): KeyHandle {
      return {
        key,
        get: () => get(entryOf(key), seal),
        getInto: (into) => getInto(entryOf(key), into, seal),
        set: (content) => entryOf(key).set(sealValue(entryOf(key), content, seal)),
        append: refuseToAppend,
        delete: () => entryOf(key).delete(),
        head: () => entryOf(key).head(),
      }
    },
  }
}

function refuseToAppend(): never {
  throw new RunaError('BAD_INPUT', 'A sealed value is one whole: nothing can be added to it.')
}

type NumberStore = Pick<Store, 'load' | 'add' | 'and' | 'or' | 'xor' | 'not' | 'compareExchange'>

function createNumbers(parts: StoreParts, entryOf: EntryOf): NumberStore {
  const numbers = new Numbers(parts)
  return {
    load: (key) => numbers.load(entryOf(key)),
    add: (key, by) => numbers.update(entryOf(key), (current) => current + by),
    and: (key, mask) => numbers.update(entryOf(key), (current) => current & mask),
    or: (key, mask) => numbers.update(entryOf(key), (current) => current | mask),
    xor: (key, mask) => numbers.update(entryOf(key), (current) => current ^ mask),
    not: (key) => numbers.update(entryOf(key), (current) => ~current),
    compareExchange(key, expected, replacement) {
      return numbers.compareExchange(entryOf(key), expected, replacement)
    },
  }
}

function listKeys({ slots }: StoreParts, { hasReadableKeys }: Protection, prefix: string): string[] {
  if (!hasReadableKeys) {
    throw new RunaError('BAD_INPUT', 'The keys of this bus are hashed: they can be asked for, not listed.')
  }
  const keys: string[] = []
  slots.each((slot, generation) => {
    const key = slots.isGone(slot) ? undefined : slots.keyOf(slot, generation)?.toString()
    if (key?.startsWith(prefix)) keys.push(key)
  })
  return keys.sort()
}
