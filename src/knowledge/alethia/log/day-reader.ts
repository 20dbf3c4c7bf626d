import { readJournal } from '#kernel/journal'
import { RunaError } from '#protocol'
import { DAYS_HELD_BYTES_MAX } from '../limits.ts'
import { type Day, dayPath, LOG_SIZES } from './days.ts'

/** Reads sealed records. Days that were read lately stay in memory: who reads one record reads its neighbours. */
export interface DayReader {
  /** Rejects with MEMORY_CORRUPT where it is gone, or JOURNAL_CORRUPT. */
  read(day: Day, sequence: number): Promise<Buffer>
  /** Tells of a record that was just added to the end of this day. */
  added(day: Day, sequence: number, link: Buffer): void
}

interface HeldDay {
  readonly links: Uint8Array[]
  sizeBytes: number
}

export function createDayReader(folder: string): DayReader {
  /** The one read last is the last. */
  const held = new Map<string, HeldDay>()

  function hold(name: string, day: HeldDay): void {
    held.delete(name)
    held.set(name, day)
    let sizeBytes = [...held.values()].reduce((sum, other) => sum + other.sizeBytes, 0)
    for (const [oldest, other] of held) {
      if (sizeBytes <= DAYS_HELD_BYTES_MAX) return
      held.delete(oldest)
      sizeBytes -= other.sizeBytes
    }
  }

  return {
    async read({ name, firstSequence }, sequence) {
      const place = sequence - firstSequence
      const known = held.get(name)
      const link = known?.links[place]
      if (known && link) {
        hold(name, known)
        return Buffer.from(link)
      }
      const links = [...(await readJournal(dayPath(folder, name, 'log'), LOG_SIZES))]
      hold(name, { links, sizeBytes: links.reduce((sum, { length }) => sum + length, 0) })
      const read = links[place]
      if (!read) throw new RunaError('MEMORY_CORRUPT', `The record ${sequence}, of ${name}, is gone.`)
      return Buffer.from(read)
    },
    added({ name, firstSequence }, sequence, link) {
      const day = held.get(name)
      if (!day) return
      // What was read while another record was on its way does not have that one, and must not get this in its place.
      if (day.links.length !== sequence - firstSequence) {
        held.delete(name)
        return
      }
      day.links.push(link)
      day.sizeBytes += link.length
      hold(name, day)
    },
  }
}
