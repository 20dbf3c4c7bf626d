import { createHash } from 'node:crypto'
import { open, seal } from '#kernel/seal'
import { RunaError } from '#protocol'

/** Version, sequence, hash of the record before: in clear, and sealed in with the content. */
const VERSION = 1
const HASH_BYTES = 32
const HEADER_BYTES = 1 + 8 + HASH_BYTES

/** Where the next record goes. */
export interface ChainEnd {
  readonly sequence: number
  /** Of the last record, with all before it. */
  readonly hash: Buffer
}

export const CHAIN_START: ChainEnd = { sequence: 0, hash: hashOf('start', Buffer.from('runa memory')) }

/** Seals the content into the next link. Whoever moves it to another day or place breaks the seal and the chain. */
export function forgeLink(end: ChainEnd, day: string, key: Uint8Array, content: Uint8Array): Buffer {
  const header = Buffer.alloc(HEADER_BYTES)
  header[0] = VERSION
  header.writeBigUInt64LE(BigInt(end.sequence), 1)
  header.set(end.hash, 1 + 8)
  return Buffer.concat([header, seal(key, content, contextOf(day, header))])
}

/** The end of the chain once `link` is on it. Throws MEMORY_CORRUPT where it does not fit. Needs no key. */
export function followLink(end: ChainEnd, day: string, link: Buffer): ChainEnd {
  const fits =
    link.length > HEADER_BYTES &&
    link[0] === VERSION &&
    link.readBigUInt64LE(1) === BigInt(end.sequence) &&
    link.subarray(1 + 8, HEADER_BYTES).equals(end.hash)
  if (!fits) {
    throw new RunaError(
      'MEMORY_CORRUPT',
      `The record ${end.sequence}, of ${day}, does not fit the one before it.`,
    )
  }
  return { sequence: end.sequence + 1, hash: hashOf(day, link) }
}

/** Throws MEMORY_CORRUPT where the key is not the one that sealed it. */
export function openLink(day: string, key: Uint8Array, link: Buffer): Buffer {
  try {
    return open(key, link.subarray(HEADER_BYTES), contextOf(day, link.subarray(0, HEADER_BYTES)))
  } catch (cause) {
    const sequence = link.readBigUInt64LE(1)
    throw new RunaError('MEMORY_CORRUPT', `The record ${sequence}, of ${day}, was changed.`, { cause })
  }
}

function contextOf(day: string, header: Uint8Array): Buffer {
  return Buffer.concat([Buffer.from(`alethia record ${day} `), header])
}

function hashOf(day: string, link: Uint8Array): Buffer {
  return createHash('sha256').update(`${day}\n`).update(link).digest()
}
