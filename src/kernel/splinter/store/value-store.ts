import { MESSAGE_SEAL_BYTES, type MessageSeal } from '#kernel/seal'
import { RunaError } from '#protocol'
import { type Protection, protect } from '../segment/privacy.ts'
import type { Lasting } from './companion.ts'
import type { KeyedParts } from './create-parts.ts'
import type { KeyEntry, KeyHandle } from './key-entry.ts'
import { type KeyHead, tokenOf } from './key-head.ts'
import { Numbers } from './numbers.ts'
import { checkInteger, checkText, refuseInteger, refuseUnfit } from './refusals.ts'
import { NO_ROOM } from './slots.ts'
import type { Scrub } from './values.ts'

export interface ValueOptions {
  /**
   * The contract whose words the value carries: on a bus that seals words, it is sealed under its key, bound to the key
   * that it stands under, and read with the same option.
   */
  readonly words?: string
}

export interface SetOptions extends ValueOptions, Lasting {}

/**
 * Keys and values in the memory of the bus. What was set is read whole, whoever dies meanwhile. Sealed values throw
 * BUS_KEY_MISSING without their key, and SEAL_BROKEN where they were changed, or never sealed; an older one that
 * somebody put back is not told from the present one. Whole numbers stay clear: they are nobody's words.
 */
export interface ValueStore {
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
  set(key: string, value: Uint8Array, options?: SetOptions): void
  /** Adds to the end of a value, and returns how long it is now. Throws as `set`, and BAD_INPUT where values are sealed. */
  append(key: string, addition: Uint8Array, options?: ValueOptions): number
  /** Whether there was something to delete. */
  delete(key: string): boolean
  /**
   * Sets the value if the key still has this version, as `head` gives it; 0n: if there is no such key. False where it has
   * not.
   */
  compareAndSet(key: string, version: bigint, value: Uint8Array, options?: SetOptions): boolean
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

export function createValueStore(parts: KeyedParts, protection: Protection): ValueStore {
  const { entryOf } = parts
  return {
    ...createValues(parts, protection),
    ...createNumbers(parts),
    delete: (key) => entryOf(key).delete(),
    head: (key) => entryOf(key).head(),
    list(prefix = '') {
      const first = Buffer.from(checkText(prefix))
      return listKeys(parts, protection, (slot) => parts.slots.beginsWith(slot, first))
    },
    get scrub() {
      return parts.values.scrub
    },
    set scrub(scrub) {
      parts.values.scrub = scrub
    },
  }
}

type BytesStore = Pick<ValueStore, 'handle' | 'get' | 'getInto' | 'set' | 'append' | 'compareAndSet'>

function createValues(parts: KeyedParts, protection: Protection): BytesStore {
  const { entryOf } = parts
  const sealed = createSealedValues(parts)
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
      const value = seal ? sealed.seal(entry, content, seal) : content
      const finish = options && parts.slots.companion.prepare(options)
      entry.set(value, finish)
    },
    append(key, addition, options) {
      return sealOf(options) ? refuseToAppend() : entryOf(key).append(addition)
    },
    compareAndSet(key, version, content, options) {
      const seal = sealOf(options)
      const entry = entryOf(key)
      const value = seal ? sealed.seal(entry, content, seal) : content
      return compareAndSet(parts, entry, version, value, options && parts.slots.companion.prepare(options))
    },
  }
}

function compareAndSet(
  { slots, values, segment: { words, layout } }: KeyedParts,
  entry: KeyEntry,
  version: bigint,
  value: Uint8Array,
  finish: ((slot: number) => void) | undefined,
): boolean {
  refuseUnfit(value, layout.valueBytesMax)
  checkInteger(version)
  const isAsExpected = (slot: number) =>
    version === 0n ? slots.isNew(slot) : tokenOf(words, slot) === version
  const write = (slot: number) => {
    if (!isAsExpected(slot)) return false
    refuseInteger(words, slot)
    if (!values.write(slot, value)) return NO_ROOM
    if (finish) finish(slot)
    else slots.renew(slot)
    return true
  }
  return version === 0n ? slots.change(entry, write) : (slots.changeIfThere(entry, write) ?? false)
}

/** Values that are sealed before they are set, each bound to its key. */
function createSealedValues({ segment, entryOf }: KeyedParts) {
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
    refuseUnfit(content, segment.layout.valueBytesMax - MESSAGE_SEAL_BYTES)
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

type NumberStore = Pick<ValueStore, 'load' | 'add' | 'and' | 'or' | 'xor' | 'not' | 'compareExchange'>

function createNumbers(parts: KeyedParts): NumberStore {
  const { entryOf } = parts
  const numbers = new Numbers(parts)
  return {
    load: (key) => numbers.load(entryOf(key)),
    add: (key, by) => numbers.combine(entryOf(key), by, (current) => current + by),
    and: (key, mask) => numbers.combine(entryOf(key), mask, (current) => current & mask),
    or: (key, mask) => numbers.combine(entryOf(key), mask, (current) => current | mask),
    xor: (key, mask) => numbers.combine(entryOf(key), mask, (current) => current ^ mask),
    not: (key) => numbers.update(entryOf(key), (current) => ~current),
    compareExchange(key, expected, replacement) {
      return numbers.compareExchange(entryOf(key), expected, replacement)
    },
  }
}

/** The keys of the slots that pass, in order. Throws BAD_INPUT on a bus with hashed keys. */
export function listKeys(
  { slots }: KeyedParts,
  { hasReadableKeys }: Protection,
  passes: (slot: number) => boolean,
): string[] {
  if (!hasReadableKeys) {
    throw new RunaError('BAD_INPUT', 'The keys of this bus are hashed: they can be asked for, not listed.')
  }
  const keys: string[] = []
  slots.each((slot, generation) => {
    if (!passes(slot) || slots.isGone(slot)) return
    const key = slots.keyOf(slot, generation)
    if (key !== undefined) keys.push(key.toString())
  })
  return keys.sort()
}
