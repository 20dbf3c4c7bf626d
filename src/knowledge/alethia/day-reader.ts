import { readJournal } from '#kernel/journal'
import { RunaError } from '#protocol'
import { type Day, dayPath, LOG_SIZES } from './days.ts'
import { DAY_HELD_BYTES_MAX } from './limits.ts'

/** Reads sealed records. The day that was read last stays in memory while it is small: who reads one reads its neighbours. */
export interface DayReader {
  /** Rejects with MEMORY_CORRUPT where it is gone, or JOURNAL_CORRUPT. */
  read(day: Day, sequence: number): Promise<Buffer>
  /** Tells of a record that was just added to the end of this day. */
  added(day: Day, sequence: number, link: Buffer): void
}

export function createDayReader(folder: string): DayReader {
  let held: { readonly day: string; readonly links: Uint8Array[]; sizeBytes: number } | undefined

  function hold(day: string, links: readonly Uint8Array[]): void {
    const sizeBytes = links.reduce((sum, link) => sum + link.length, 0)
    held = sizeBytes <= DAY_HELD_BYTES_MAX ? { day, links: [...links], sizeBytes } : undefined
  }

  return {
    async read({ name, firstSequence }, sequence) {
      const known = held?.day === name ? held.links[sequence - firstSequence] : undefined
      if (known) return Buffer.from(known)
      const links = await readJournal(dayPath(folder, name, 'log'), LOG_SIZES)
      hold(name, links)
      const link = links[sequence - firstSequence]
      if (!link) throw new RunaError('MEMORY_CORRUPT', `The record ${sequence}, of ${name}, is gone.`)
      return Buffer.from(link)
    },
    added({ name, firstSequence }, sequence, link) {
      if (held?.day !== name) return
      // What was read while another record was on its way does not have that one, and must not get this in its place.
      const follows = held.links.length === sequence - firstSequence
      if (!follows || held.sizeBytes + link.length > DAY_HELD_BYTES_MAX) {
        held = undefined
        return
      }
      held.links.push(link)
      held.sizeBytes += link.length
    },
  }
}
