import { RunaError } from '#protocol'
import { type Layout, SLOT_BYTES } from '../segment/geometry.ts'

// Words of a slot. Who has its lock changes them; readers look without one. A slot is of use to a key as long as its
// generation is not 0: that word is written last when a key comes, and first when it goes.

/** The next free slot, plus one: only in free slots. */
export const NEXT_FREE = 0
export const HASH = 1
export const KEY_LENGTH = 2
/** The number of the insertion that the key came with, never used again; 0 in a free slot. */
export const GENERATION = 3
export const LOCK = 4
/** Its lowest bit says which side holds the value. */
export const VERSION = 5
/** The version that is being written: a reader whose copy may have been written over sees it here. */
export const WRITING = 6
/** In bytes, of side A and side B; −1 where there are none. */
export const LENGTHS = 7
/** Where the block of each side lies, as `Blocks` packs it. Changes only under the lock of the arena. */
export const PLACES = 9
/** The type in its low byte, and flags above. A new key finds zeros from here to the bytes of the key. */
export const TYPE = 11
/** A bit for each member that wants to know of changes. */
export const WATCHERS = 12
/** The highest number that was given to an ordered key under this one. */
export const ORDERS = 13
/** 64 bits: the number, where the type is integer. */
export const INTEGER = 14
/** 64 bits, one for each label. */
export const LABELS = 16
// Numbers of 64 bits with a fraction, in milliseconds: since 1970, or of a duration; 0 where there is none.
export const EXPIRES_AT = 18
export const TOUCHED_AT = 20
export const HALF_LIFE_MS = 22
/** How the last key of this slot went, and which that was. They stay until the next one comes. */
export const ENDED_AS = 24
export const ENDED_GENERATION = 25
/** The strength below which the key is evicted: as the others, with a fraction. */
export const THRESHOLD = 26
/** CRC-32 of key and value, for each side: only on a bus that is to last. */
export const CHECKS = 28
/** Changes since the key came. */
export const WRITES = 30
export const KEY = 32

export const NO_VALUE = -1

export const TYPE_MASK = 0xff
/** Set in TYPE where the key can expire or decay: only then does a reader look at its clock. */
export const HAS_LIFETIME = 0x100

/** Their places in this list stand in memory. */
export const VALUE_TYPES = ['bytes', 'text', 'json', 'integer', 'image', 'audio', 'vector'] as const
export type ValueType = (typeof VALUE_TYPES)[number]
export const INTEGER_TYPE = VALUE_TYPES.indexOf('integer')

/** Throws BAD_INPUT for a type that there is not, as a caller without types may name it. */
export function numberOfType(type: ValueType): number {
  const number = VALUE_TYPES.indexOf(type)
  if (number < 0) throw new RunaError('BAD_INPUT', `'${type}' is no type: ${VALUE_TYPES.join(', ')} are.`)
  return number
}

// Words of the head of the store. Locks and what changes under them lie on lines of their own.

/** Held while keys come and go. */
export const INSERT_LOCK = 0
/** 1 while index and free slots are as the slots say; else whoever takes the lock makes them so. */
export const INDEX_CLEAN = 1
/** Its lowest bit says which of the two tables holds. */
export const INDEX_VERSION = 2
/** Entries of that table that are not empty. */
export const INDEX_FILLED = 3
/** The first free slot, plus one; 0 for none. */
export const FIRST_FREE = 4
export const LAST_GENERATION = 5
/** Held while blocks are taken and given back. */
export const ARENA_LOCK = 32
/** 1 while the tree is as the slots say. */
export const ARENA_CLEAN = 33
/** How the store scrubs: read by each writer, changed by hardly anybody. */
export const SCRUB = 64
/** Held while one sweeps. */
export const SWEEP_LOCK = 96
/** The number of the slot that the next sweep begins with. */
export const SWEEP_NEXT = 97
// How many keys ended so since the bus was made, and how often one had to stay because who must hear of it had no room.
export const EXPIRED = 98
export const EVICTED = 99
export const UNTOLD = 100

export function slotNumberOf(layout: Layout, slot: number): number {
  return (slot * 4 - layout.slots) / SLOT_BYTES
}

/** The slot of that number, in words. */
export function slotAt(layout: Layout, index: number): number {
  return (layout.slots + index * SLOT_BYTES) / 4
}
