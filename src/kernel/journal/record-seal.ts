import { deriveKey, open, SEAL_BYTES, seal } from '#kernel/seal'

/** Where a record lies, and whether it shares its write with the one before. */
export interface Place {
  readonly offset: number
  readonly continues: boolean
}

/** What a journal is sealed with, and what it is: under another name the same key opens nothing of it. */
export interface JournalSeal {
  /** 32 bytes. */
  readonly key: Uint8Array
  readonly name: string
}

/**
 * Seals the records of one file, each bound to the name of the journal, to its place, and by the tag of the record
 * before to everything that stands before it. So a record that was changed, moved, repeated, exchanged with one of an
 * older state of the file or left out in the middle shows; what was cut off the end does not.
 */
export interface RecordSeal {
  close(payload: Uint8Array, place: Place, tagBefore: Uint8Array): Buffer
  /** Throws SEAL_BROKEN. */
  open(stored: Uint8Array, place: Place, tagBefore: Uint8Array): Buffer
  tagOf(stored: Uint8Array): Uint8Array
}

const TAG_BYTES = 16

/** What sealing adds to a payload. */
export const SEALED_BYTES = SEAL_BYTES

export function createRecordSeal({ key, name }: JournalSeal): RecordSeal {
  const own = deriveKey(key, `runa journal ${name}`)
  return {
    close: (payload, place, tagBefore) => seal(own, payload, contextOf(place, tagBefore)),
    open: (stored, place, tagBefore) => open(own, stored, contextOf(place, tagBefore)),
    // A copy: the stored record is part of a buffer as large as the file.
    tagOf: (stored) => Uint8Array.from(stored.subarray(-TAG_BYTES)),
  }
}

function contextOf({ offset, continues }: Place, tagBefore: Uint8Array): Buffer {
  const place = Buffer.alloc(9)
  place.writeBigUInt64LE(BigInt(offset))
  place.writeUInt8(continues ? 1 : 0, 8)
  return Buffer.concat([place, tagBefore])
}
