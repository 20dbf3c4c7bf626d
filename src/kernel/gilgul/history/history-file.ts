import { statSync } from 'node:fs'
import { join } from 'node:path'
import { readJournal } from '#kernel/journal'
import { type Happening, happeningSchema } from '#protocol'

/** Of each of the two files: some 5,000 happenings. */
export const HISTORY_BYTES_MAX = 2 ** 20

/** A little room, so that a limit that was larger does not hide what was written under it. */
const READ_BYTES_MAX = 4 * HISTORY_BYTES_MAX
const TRIES_MAX = 5

interface HistoryFiles {
  readonly current: string
  readonly older: string
}

export function historyFiles(logsFolder: string): HistoryFiles {
  return { current: join(logsFolder, 'history.journal'), older: join(logsFolder, 'history.1.journal') }
}

/**
 * What is known to have happened, oldest first; empty where there is no history. May be called beside the gilgul that
 * writes it. Rejects with JOURNAL_CORRUPT or the system's own error.
 */
export async function readHistory(logsFolder: string): Promise<readonly Happening[]> {
  const { current, older } = historyFiles(logsFolder)
  for (let left = TRIES_MAX; ; left -= 1) {
    const before = inodeOf(current)
    const happenings = [...(await readOne(older)), ...(await readOne(current))]
    // Laid aside meanwhile: what stood in it was read twice, or not at all.
    if (inodeOf(current) === before || left === 0) return happenings
  }
}

async function readOne(path: string): Promise<Happening[]> {
  const payloads = await readJournal(path, { sizeBytesMax: READ_BYTES_MAX }).catch(
    (error: NodeJS.ErrnoException): Uint8Array[] => {
      if (error.code === 'ENOENT') return []
      throw error
    },
  )
  return payloads.flatMap(parseHappening)
}

/** One of a later version of Runa, that this one has no word for, is passed over. */
function parseHappening(payload: Uint8Array): Happening[] {
  try {
    const { data } = happeningSchema.safeParse(JSON.parse(Buffer.from(payload).toString()))
    return data ? [data] : []
  } catch {
    return []
  }
}

function inodeOf(path: string): number | undefined {
  return statSync(path, { throwIfNoEntry: false })?.ino
}
