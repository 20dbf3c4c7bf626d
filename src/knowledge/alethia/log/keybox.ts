import { type FileHandle, open as openFile } from 'node:fs/promises'
import { type Journal, openJournal, overwriteFile, readJournal, replaceJournal } from '#kernel/journal'
import { createKey, unwrapKey, wipe, wrapKey } from '#kernel/seal'
import { RunaError } from '#protocol'

/** The keys of one day's records, by sequence. */
export type RecordKeys = Map<number, Buffer>

const SEQUENCE_BYTES = 8

/**
 * On the disk a keybox is a journal: the key of the day, wrapped in the key of the user, then one record key after the
 * other, each wrapped in the key of the day. Without an entry its record is noise, for everybody and for good.
 */
export interface Keybox {
  readonly keys: RecordKeys
  /** Resolves once the key is on the disk. */
  add(sequence: number, key: Buffer): Promise<void>
  close(): Promise<void>
}

/** Opens the keybox of a day to add to it, and makes it where there is none. Rejects with MEMORY_CORRUPT. */
export async function openKeybox(path: string, userKey: Uint8Array, day: string): Promise<Keybox> {
  const { journal, payloads } = await openJournal(path)
  try {
    const dayKey = await firstKey(journal, payloads, userKey, day)
    const keys = readKeys(payloads, dayKey, day)
    return {
      keys,
      async add(sequence, key) {
        await journal.append(entryOf(sequence, key, dayKey, day))
        keys.set(sequence, key)
      },
      async close() {
        await journal.close()
        wipe(dayKey)
      },
    }
  } catch (error) {
    await journal.close()
    throw error
  }
}

/** Changes nothing. No file: no keys. Rejects with MEMORY_CORRUPT or JOURNAL_CORRUPT. */
export async function readKeybox(path: string, userKey: Uint8Array, day: string): Promise<RecordKeys> {
  const payloads = await readJournal(path).catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOENT') return []
    throw error
  })
  const [wrapped] = payloads
  if (wrapped === undefined) return new Map()
  const dayKey = unwrapDayKey(userKey, wrapped, day)
  const keys = readKeys(payloads, dayKey, day)
  wipe(dayKey)
  return keys
}

/**
 * Puts a keybox with just these keys in place of the one at `path`, in one step and under a fresh key of the day. The
 * old one is then overwritten where it lay: a best effort, since a disk may have kept older copies of its blocks.
 */
export async function replaceKeybox(
  path: string,
  userKey: Uint8Array,
  day: string,
  keys: RecordKeys,
): Promise<void> {
  const dayKey = createKey()
  const old = await openIfThere(path)
  try {
    const entries = [...keys].map(([sequence, key]) => entryOf(sequence, key, dayKey, day))
    await replaceJournal(path, [wrapKey(userKey, dayKey, dayContext(day)), ...entries])
    // It has no name any more; its blocks still hold wrapped keys.
    if (old) await overwriteFile(old)
  } finally {
    wipe(dayKey)
    await old?.close()
  }
}

async function firstKey(
  journal: Journal,
  payloads: readonly Uint8Array[],
  userKey: Uint8Array,
  day: string,
): Promise<Buffer> {
  const [wrapped] = payloads
  if (wrapped !== undefined) return unwrapDayKey(userKey, wrapped, day)
  const dayKey = createKey()
  await journal.append(wrapKey(userKey, dayKey, dayContext(day)))
  return dayKey
}

function unwrapDayKey(userKey: Uint8Array, wrapped: Uint8Array, day: string): Buffer {
  return blaming(day, () => unwrapKey(userKey, wrapped, dayContext(day)))
}

/** Where a write was cut off between key and record, the sequence was given again: the later key counts. */
function readKeys(payloads: readonly Uint8Array[], dayKey: Uint8Array, day: string): RecordKeys {
  return blaming(day, () => {
    const keys: RecordKeys = new Map()
    for (const payload of payloads.slice(1)) {
      const sequence = Number(Buffer.from(payload.subarray(0, SEQUENCE_BYTES)).readBigUInt64LE())
      keys.set(sequence, unwrapKey(dayKey, payload.subarray(SEQUENCE_BYTES), keyContext(day, sequence)))
    }
    return keys
  })
}

function entryOf(sequence: number, key: Uint8Array, dayKey: Uint8Array, day: string): Buffer {
  const head = Buffer.alloc(SEQUENCE_BYTES)
  head.writeBigUInt64LE(BigInt(sequence))
  return Buffer.concat([head, wrapKey(dayKey, key, keyContext(day, sequence))])
}

function blaming<Result>(day: string, read: () => Result): Result {
  try {
    return read()
  } catch (cause) {
    throw new RunaError('MEMORY_CORRUPT', `The keys of ${day} were changed, or belong to another memory.`, {
      cause,
    })
  }
}

const dayContext = (day: string) => `alethia day ${day}`
const keyContext = (day: string, sequence: number) => `alethia record ${day} ${sequence}`

async function openIfThere(path: string): Promise<FileHandle | undefined> {
  return openFile(path, 'r+').catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOENT') return undefined
    throw error
  })
}
