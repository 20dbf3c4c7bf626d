import { stat } from 'node:fs/promises'
import { type Journal, openJournal } from '#kernel/journal'
import { RunaError } from '#protocol'
import { DAY_BYTES_MAX, DAYS_MAX } from '../limits.ts'
import { type Day, dayPath, LOG_SIZES } from './days.ts'
import { type Keybox, openKeybox } from './keybox.ts'

interface Writing {
  readonly day: Day
  readonly journal: Journal
  readonly keybox: Keybox
}

/** Holds the files of the day open that records are added to. */
export interface DayWriter {
  /** The day to add to, as the last of `days`. `nextSequence` is what its first record gets where it is new. */
  open(nextSequence: number): Promise<Writing>
  writesTo(day: Day): boolean
  /** What the file may still grow by that the next record is added to. */
  roomBytes(): Promise<number>
  close(): Promise<void>
}

export function createDayWriter(
  folder: string,
  userKey: Uint8Array,
  days: Day[],
  nowMs: () => number,
): DayWriter {
  let writing: Writing | undefined
  const today = () => new Date(nowMs()).toISOString().slice(0, 10)

  /** A clock that was set back writes on into the last day: files stay in the order of the chain. */
  async function open(nextSequence: number): Promise<Writing> {
    const now = today()
    const last = days.at(-1)
    if (writing && writing.day.name >= now) return writing
    await close()
    const name = last && last.name > now ? last.name : now
    if (last?.name !== name && days.length >= DAYS_MAX) {
      throw new RunaError('MEMORY_FULL', `The memory holds ${DAYS_MAX} days, and no more fit.`)
    }
    const keybox = await openKeybox(dayPath(folder, name, 'keys'), userKey, name)
    const { journal } = await openJournal(dayPath(folder, name, 'log'), LOG_SIZES).catch(async (error) => {
      await keybox.close()
      throw error
    })
    const day = {
      name,
      firstSequence: last?.name === name ? last.firstSequence : nextSequence,
      keys: keybox.keys,
    }
    if (last?.name === name) days.pop()
    days.push(day)
    writing = { day, journal, keybox }
    return writing
  }

  async function close(): Promise<void> {
    const stopped = writing
    writing = undefined
    await stopped?.journal.close()
    await stopped?.keybox.close()
  }

  async function roomBytes(): Promise<number> {
    const last = days.at(-1)
    if (!last || last.name < today()) return DAY_BYTES_MAX
    const { size } = await stat(dayPath(folder, last.name, 'log'))
    return Math.max(0, DAY_BYTES_MAX - size)
  }

  return { open, writesTo: (day) => day === writing?.day, roomBytes, close }
}
