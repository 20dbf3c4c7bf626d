import { RunaError } from '#protocol'
import { BLOCK_BYTES_MIN } from '../segment/geometry.ts'
import type { Privacy } from '../segment/privacy.ts'
import type { StoreParts } from '../store/parts.ts'
import { PLACES, VERSION } from '../store/store-words.ts'
import { readRecords, writeRecord } from './records.ts'
import {
  type OpenSnapshot,
  openSnapshot,
  type SnapshotFigures,
  type SnapshotOptions,
  writeSnapshot,
} from './snapshot-file.ts'
import type { SnapshotRecord } from './snapshot-format.ts'

/** So many keys are put back before others of this process get their turn. */
const KEYS_AT_ONCE = 256

export interface Restored {
  /** That were put back. */
  readonly keys: number
  /** Whose time had come since. */
  readonly expired: number
  /** When the snapshot was made, in milliseconds since 1970. */
  readonly madeAt: number
}

/**
 * Keeps all keys in a file: what is hashed stays hashed, and what is sealed stays sealed. Each key is of one instant; keys
 * that change while it is made stand there as they were before or after. Throws as `writeSnapshot`.
 */
export function takeSnapshot(
  parts: StoreParts,
  file: string,
  now: number,
  options?: SnapshotOptions,
): Promise<SnapshotFigures> {
  const { privacy } = parts.segment
  return writeSnapshot(file, { madeAt: now, privacy }, readRecords(parts), options)
}

/**
 * Puts all keys of a snapshot back, over what they are now; other keys stay. All of the file is checked before anything
 * changes: its digest, its records, that they are of a bus with these keys, seals and secret, and that there is room. Throws
 * FILE_NOT_FOUND, SNAPSHOT_BROKEN, SNAPSHOT_VERSION, SNAPSHOT_FOREIGN, or STORE_FULL: this one in between as well, if
 * others fill the store meanwhile.
 */
export async function restoreInto(parts: StoreParts, file: string, now: number): Promise<Restored> {
  const snapshot = await openSnapshot(file)
  try {
    refuseForeign(snapshot.head.privacy, parts.segment.privacy)
    await refuseWithoutRoom(parts, snapshot, now)
    let [keys, expired] = [0, 0]
    for await (const record of snapshot.records()) {
      if (isExpired(record, now)) {
        expired += 1
        continue
      }
      writeRecord(parts, record)
      keys += 1
      if (keys % KEYS_AT_ONCE === 0) await new Promise((resolve) => setImmediate(resolve))
    }
    return { keys, expired, madeAt: snapshot.head.madeAt }
  } finally {
    await snapshot.close()
  }
}

function isExpired({ expiresAt }: SnapshotRecord, now: number): boolean {
  return expiresAt > 0 && expiresAt <= now
}

/** Values are bound to keys, and both to the secret: elsewhere nobody could read them. */
function refuseForeign(theirs: Privacy, ours: Privacy): void {
  const isOfOurSecret = Buffer.compare(theirs.proof, ours.proof) === 0
  if (theirs.seals === ours.seals && theirs.keys === ours.keys && isOfOurSecret) return
  const told = ({ seals, keys }: Privacy) => `${keys} keys and seals ${seals}`
  const why =
    theirs.seals === ours.seals && theirs.keys === ours.keys
      ? 'its secret is another'
      : `it has ${told(theirs)}, and this bus has ${told(ours)}`
  throw new RunaError('SNAPSHOT_FOREIGN', `The snapshot is of another bus: ${why}.`)
}

/** What is there and stays is counted with it: keys of the snapshot are written over. */
async function refuseWithoutRoom(parts: StoreParts, snapshot: OpenSnapshot, now: number): Promise<void> {
  const { slotsMax, storeBytes, valueBytesMax } = parts.segment.layout
  const staying = sizesOfKeys(parts)
  let [keys, bytes] = [0, 0]
  for await (const record of snapshot.records()) {
    if (isExpired(record, now)) continue
    const length = record.value?.length ?? 0
    if (length > valueBytesMax) {
      throw new RunaError('STORE_FULL', `A value of ${length} bytes is too long here: ${valueBytesMax} fit.`)
    }
    staying.delete(Buffer.from(record.key).toString('latin1'))
    keys += 1
    if (length > 0) bytes += blockBytes(length)
  }
  keys += staying.size
  for (const blocks of staying.values()) bytes += blocks
  if (keys > slotsMax || bytes > storeBytes) {
    throw new RunaError(
      'STORE_FULL',
      `With the snapshot there would be ${keys} keys and ${bytes} bytes, and there is room for ${slotsMax} and ${storeBytes}.`,
    )
  }
}

function sizesOfKeys({ slots, blocks, segment: { words } }: StoreParts): Map<string, number> {
  const sizes = new Map<string, number>()
  slots.each((slot, generation) => {
    const key = slots.keyOf(slot, generation)
    if (!key) return
    const place = words[slot + PLACES + ((words[slot + VERSION] ?? 0) & 1)] ?? 0
    sizes.set(key.toString('latin1'), blocks.capacity(place))
  })
  return sizes
}

/** Blocks are powers of two. */
function blockBytes(length: number): number {
  return 2 ** Math.ceil(Math.log2(Math.max(length, BLOCK_BYTES_MIN)))
}
