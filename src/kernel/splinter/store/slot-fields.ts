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
/** 64 bits: the number, where the type is integer. */
export const INTEGER = 14
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

/** The slot of that number, in words. */
export function slotAt(layout: Layout, index: number): number {
  return (layout.slots + index * SLOT_BYTES) / 4
}
