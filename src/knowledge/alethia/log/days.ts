import { readdir, rm } from 'node:fs/promises'
import { join } from 'node:path'
import { openJournal, readJournal } from '#kernel/journal'
import { RunaError } from '#protocol'
import { DAY_BYTES_MAX, ENTRY_BYTES_MAX } from '../limits.ts'
import { CHAIN_START, type ChainEnd, followLink, openLink } from './chain.ts'
import { type RecordKeys, readKeybox } from './keybox.ts'

/** Called for every record in order. `content` is undefined where its key is gone. */
export type TakeRecord = (sequence: number, content: Buffer | undefined, day: string) => void

/** One file of records, one of keys. */
export interface Day {
  readonly name: string
  readonly firstSequence: number
  readonly keys: RecordKeys
}

const LOG_NAME = /^(\d{4}-\d{2}-\d{2})\.log$/
/** Of a file of records. */
export const LOG_SIZES = { sizeBytesMax: DAY_BYTES_MAX, payloadBytesMax: ENTRY_BYTES_MAX + 1_024 }

export function dayPath(folder: string, day: string, kind: 'log' | 'keys'): string {
  return join(folder, `${day}.${kind}`)
}

/** What a death left behind: half a record that nobody was promised, or half a keybox that would outlive its keys. */
export async function tidyFolder(folder: string): Promise<void> {
  const names = (await readdir(folder)).sort()
  for (const kind of ['.log', '.keys']) {
    const last = names.findLast((name) => name.endsWith(kind))
    if (last === undefined) continue
    const { journal } = await openJournal(join(folder, last), LOG_SIZES)
    await journal.close()
  }
  for (const name of await readdir(folder)) {
    if (/\.(torn|new)$/.test(name)) await rm(join(folder, name))
  }
}

/** Follows the chain through all days. The content of a record leaves this function, no key does but in `days`. */
export async function readDays(
  folder: string,
  userKey: Uint8Array,
  take: TakeRecord,
): Promise<{ days: Day[]; end: ChainEnd }> {
  const names = (await readdir(folder)).flatMap((name) => LOG_NAME.exec(name)?.[1] ?? []).sort()
  const days: Day[] = []
  let end = CHAIN_START
  for (const name of names) {
    const keys = await readKeybox(dayPath(folder, name, 'keys'), userKey, name)
    days.push({ name, firstSequence: end.sequence, keys })
    for (const payload of await readJournal(dayPath(folder, name, 'log'), LOG_SIZES)) {
      const link = Buffer.from(payload)
      const { sequence } = end
      end = followLink(end, name, link)
      const key = keys.get(sequence)
      take(sequence, key && openLink(name, key, link), name)
    }
    checkKeysEnd(name, keys, end)
  }
  return { days, end }
}

/** A death between key and record leaves one key too many. More of them: records were cut off. */
function checkKeysEnd(day: string, keys: RecordKeys, end: ChainEnd): void {
  for (const sequence of keys.keys()) {
    if (sequence > end.sequence)
      throw new RunaError('MEMORY_CORRUPT', `The last records of ${day} are missing.`)
  }
}
