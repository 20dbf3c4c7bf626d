import { createKey, wipe } from '#kernel/seal'
import { makeFolders } from '#kernel/sys'
import { RunaError } from '#protocol'
import { ENTRY_BYTES_MAX } from '../limits.ts'
import { type ChainEnd, followLink, forgeLink, openLink } from './chain.ts'
import { createDayReader } from './day-reader.ts'
import { createDayWriter } from './day-writer.ts'
import { type Day, dayPath, readDays, type TakeRecord, tidyFolder } from './days.ts'
import { type RecordKeys, replaceKeybox } from './keybox.ts'
import { openUserKey } from './user-key.ts'

export type { TakeRecord }

/**
 * Sealed records in order, a file a day, and their keys in another. One process at a time may have a folder open, and
 * whoever calls `append`, `destroyKeys`, `verify` and `close` waits for one before the next.
 */
export interface RecordLog {
  readonly end: () => ChainEnd
  readonly days: () => readonly string[]
  /** Resolves once key and record are on the disk, with the sequence of the record. */
  append(content: Uint8Array): Promise<number>
  /** Rejects with MEMORY_CORRUPT or JOURNAL_CORRUPT. Undefined where the key is gone. */
  read(sequence: number): Promise<Buffer | undefined>
  hasKey(sequence: number): boolean
  /** Resolves once nothing on the disk opens these records any more. */
  destroyKeys(sequences: ReadonlySet<number>): Promise<void>
  /** What the file of today may still grow by. */
  roomTodayBytes(): Promise<number>
  /** Reads all again from the disk. Rejects with MEMORY_CORRUPT or JOURNAL_CORRUPT. */
  verify(take: TakeRecord): Promise<void>
  close(): Promise<void>
}

export interface RecordLogOptions {
  readonly nowMs?: () => number
  /** Called once nobody knows any more what the disk holds: from then on every change is refused with JOURNAL_FAILED. */
  readonly onBroken?: () => void
}

/** Opens the log, checks its chain, and hands over every record. Rejects with MEMORY_CORRUPT, MEMORY_LOCKED. */
export async function openRecordLog(
  folder: string,
  masterKey: Uint8Array,
  take: TakeRecord,
  { nowMs = Date.now, onBroken = () => {} }: RecordLogOptions = {},
): Promise<RecordLog> {
  makeFolders(folder)
  const userKey = await openUserKey(folder, masterKey)
  await tidyFolder(folder)
  const { days, end: lastEnd } = await readDays(folder, userKey, take)
  let end = lastEnd
  const writer = createDayWriter(folder, userKey, days, nowMs)
  const reader = createDayReader(folder)
  let failed: RunaError | undefined

  const dayOf = (sequence: number) => days.findLast(({ firstSequence }) => firstSequence <= sequence)

  return {
    end: () => end,
    days: () => days.map(({ name }) => name),
    hasKey: (sequence) => dayOf(sequence)?.keys.has(sequence) ?? false,
    async append(content) {
      checkSize(content)
      if (failed) throw failed
      const { day, journal, keybox } = await writer.open(end.sequence)
      const key = createKey()
      const link = forgeLink(end, day.name, key, content)
      const { sequence } = end
      try {
        // The key first: a record without a key would look as if somebody had forgotten it.
        await keybox.add(sequence, key)
        await journal.append(link)
      } catch (error) {
        keybox.keys.delete(sequence)
        wipe(key)
        // A full disk takes a write back whole. Else nobody knows what it holds, and one more might break the chain.
        if (error instanceof RunaError && error.code === 'JOURNAL_FAILED') {
          failed = error
          onBroken()
        }
        throw error
      }
      end = followLink(end, day.name, link)
      reader.added(day, sequence, link)
      return sequence
    },
    async read(sequence) {
      const day = dayOf(sequence)
      if (!day?.keys.has(sequence)) return undefined
      return openIfKept(day, sequence, await reader.read(day, sequence))
    },
    roomTodayBytes: writer.roomBytes,
    async destroyKeys(sequences) {
      const touched = days.filter(({ keys }) => [...keys.keys()].some((sequence) => sequences.has(sequence)))
      if (touched.some(writer.writesTo)) await writer.close()
      for (const { name, keys } of touched) {
        const kept = new Map([...keys].filter(([sequence]) => !sequences.has(sequence)))
        await replaceKeybox(dayPath(folder, name, 'keys'), userKey, name, kept)
        dropKeys(keys, sequences)
      }
    },
    async verify(takeAgain) {
      const again = await readDays(folder, userKey, takeAgain)
      for (const { keys } of again.days) wipe(...keys.values())
      if (again.end.hash.equals(end.hash)) return
      throw new RunaError('MEMORY_CORRUPT', 'The end of the memory on the disk is not what was written last.')
    },
    async close() {
      await writer.close()
      wipe(userKey)
      for (const { keys } of days) wipe(...keys.values())
    },
  }
}

/** A record may be forgotten while it is read, and then its key is wiped. */
function openIfKept({ name, keys }: Day, sequence: number, link: Buffer): Buffer | undefined {
  const key = keys.get(sequence)
  return key && openLink(name, key, link)
}

function checkSize(content: Uint8Array): void {
  if (content.length <= ENTRY_BYTES_MAX) return
  throw new RunaError('BAD_INPUT', `A turn with its record holds at most ${ENTRY_BYTES_MAX} bytes.`)
}

function dropKeys(keys: RecordKeys, sequences: ReadonlySet<number>): void {
  for (const [sequence, key] of keys) {
    if (!sequences.has(sequence)) continue
    wipe(key)
    keys.delete(sequence)
  }
}
