import { MESSAGE_SEAL_BYTES } from '#kernel/seal'
import { RunaError } from '#protocol'
import type { OwnerLocks } from '../seat/owner-lock.ts'
import { KEY_BYTES_MAX } from '../segment/geometry.ts'
import { type Protection, protect } from '../segment/privacy.ts'
import { INSERT_LOCK, type Segment } from '../segment/segment.ts'
import { type Handle, Slots } from './slots.ts'

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
  /** A copy of the value; undefined where there is none. */
  get(key: string, options?: ValueOptions): Uint8Array | undefined
  /**
   * Copies the value to the beginning of `into` and returns its length, −1 where there is none. Throws BAD_INPUT when
   * `into` is too short.
   */
  getInto(key: string, into: Uint8Array, options?: ValueOptions): number
  /** Throws STORE_FULL when no more keys fit; BAD_INPUT for a key or value that is too long, or a key that counts. */
  set(key: string, value: Uint8Array, options?: ValueOptions): void
  /** Whether there was something to delete. */
  delete(key: string): boolean
  /** The keys that begin so, in order. Throws BAD_INPUT on a bus with hashed keys: nobody can read them there. */
  list(prefix?: string): string[]
  /** Adds to the whole number of that key, which begins at 0, and returns the sum. Exact up to 2^53. */
  add(key: string, by: number): number
  /** The whole number of that key, 0 where there is none. */
  load(key: string): number
  /** Replaces the number if it is `expected`; returns what it was. */
  compareExchange(key: string, expected: number, replacement: number): number
}

/** Of handles that are remembered: longer than a process's keys stay in use, short enough to stay small. */
const KNOWN_MAX = 4_096

export function createStore(segment: Segment, locks: OwnerLocks, protection: Protection): Store {
  const slots = new Slots(segment, locks)
  const keys = createKeyIndex(segment, locks, slots, protection)
  return {
    ...createValues(slots, keys, protection, segment.layout.valueBytesMax),
    ...createNumbers(slots, keys),
    delete(key) {
      const handle = keys.locate(key)
      if (handle === undefined || slots.kind(handle.slot) === 'nothing') return false
      return slots.withLock(handle, (slot) => slots.clear(slot)) !== undefined
    },
    list(prefix = '') {
      if (!protection.hasReadableKeys) {
        throw new RunaError(
          'BAD_INPUT',
          'The keys of this bus are hashed: they can be asked for, not listed.',
        )
      }
      return slots
        .keys()
        .filter((key) => key.startsWith(prefix))
        .sort()
    },
  }
}

function createValues(
  slots: Slots,
  keys: KeyIndex,
  protection: Protection,
  valueBytesMax: number,
): Pick<Store, 'get' | 'getInto' | 'set'> {
  function read(key: string, take: (length: number) => Uint8Array): number {
    for (;;) {
      const handle = keys.locate(key)
      if (handle === undefined) return -1
      const length = slots.read(handle.slot, take)
      if (slots.isLive(handle)) return length
    }
  }

  const placeOf = (key: string) => Buffer.concat([Buffer.from('value '), protection.storedKey(key)])

  function get(key: string, { words }: ValueOptions = {}): Uint8Array | undefined {
    let value: Buffer | undefined
    const length = read(key, (bytes) => {
      value = Buffer.allocUnsafe(bytes)
      return value
    })
    if (length < 0 || value === undefined) return undefined
    const seal = protection.sealFor(words)
    return seal ? seal.open(value, placeOf(key)) : value
  }

  function copyOpened(key: string, into: Uint8Array, options: ValueOptions): number {
    const value = get(key, options)
    if (value && value.length <= into.length) into.set(value)
    return value?.length ?? -1
  }

  return {
    get,
    getInto(key, into, options = {}) {
      const isClear = protection.sealFor(options.words) === undefined
      const length = isClear ? read(key, () => into) : copyOpened(key, into, options)
      if (length <= into.length) return length
      throw new RunaError('BAD_INPUT', `The value has ${length} bytes; there is room for ${into.length}.`)
    },
    set(key, content, { words } = {}) {
      const seal = protection.sealFor(words)
      const fitting = valueBytesMax - (seal ? MESSAGE_SEAL_BYTES : 0)
      if (content.length > fitting) {
        throw new RunaError('BAD_INPUT', `A value of ${content.length} bytes is too long: ${fitting} fit.`)
      }
      const value = seal ? protect(seal, content, placeOf(key)) : content
      keys.change(key, (slot) => {
        if (slots.kind(slot) === 'integer')
          throw new RunaError('BAD_INPUT', `'${key}' holds a number, not bytes.`)
        slots.write(slot, value)
      })
    },
  }
}

function createNumbers(slots: Slots, keys: KeyIndex): Pick<Store, 'add' | 'load' | 'compareExchange'> {
  /** Returns what the number was. */
  function replace(key: string, next: (current: number) => number): number {
    return keys.change(key, (slot) => {
      const kind = slots.kind(slot)
      if (kind === 'bytes') throw new RunaError('BAD_INPUT', `'${key}' holds bytes, not a number.`)
      const current = kind === 'integer' ? slots.integer(slot) : 0
      const value = next(current)
      if (!Number.isSafeInteger(value))
        throw new RunaError('BAD_INPUT', `${value} is no whole number below 2^53.`)
      slots.writeInteger(slot, value)
      return current
    })
  }

  return {
    add: (key, by) => replace(key, (current) => current + by) + by,
    load(key) {
      const handle = keys.locate(key)
      if (handle === undefined || slots.kind(handle.slot) !== 'integer') return 0
      const value = slots.integer(handle.slot)
      return slots.isLive(handle) ? value : 0
    },
    compareExchange(key, expected, replacement) {
      return replace(key, (current) => (current === expected ? replacement : current))
    },
  }
}

type KeyIndex = ReturnType<typeof createKeyIndex>

function createKeyIndex(segment: Segment, locks: OwnerLocks, slots: Slots, { storedKey }: Protection) {
  const known = new Map<string, Handle>()

  function remember(key: string, handle: Handle): Handle {
    if (known.size >= KNOWN_MAX) known.clear()
    known.set(key, handle)
    return handle
  }

  function locate(key: string): Handle | undefined {
    const remembered = known.get(key)
    if (remembered !== undefined && slots.isLive(remembered)) return remembered
    const handle = slots.find(storedKey(key))
    return handle && remember(key, handle)
  }

  /** One at a time. A slot counts only once its key is complete, so that one who dies here leaves a free slot. */
  function insert(key: string): Handle {
    const bytes = storedKey(key)
    if (bytes.length === 0 || bytes.length > KEY_BYTES_MAX) {
      throw new RunaError('BAD_INPUT', `A key has 1 to ${KEY_BYTES_MAX} bytes; this one has ${bytes.length}.`)
    }
    locks.acquire(INSERT_LOCK)
    try {
      const handle = slots.find(bytes) ?? slots.insert(bytes)
      if (handle) return remember(key, handle)
      throw new RunaError('STORE_FULL', `The store holds ${segment.layout.slotsMax} keys, and no more fit.`)
    } finally {
      locks.release(INSERT_LOCK)
    }
  }

  return {
    locate,
    /** Runs `work` on the slot of that key, alone. Until its lock is held, the slot may go to another: then again. */
    change<Result>(key: string, work: (slot: number) => Result): Result {
      for (;;) {
        const done = slots.withLock(locate(key) ?? insert(key), work)
        if (done) return done.result
      }
    },
  }
}
