import { HAPPENING_TEXT_LENGTH_MAX, type Happening } from '#protocol'
import { HISTORY_BYTES_MAX } from './history-file.ts'
import { createHistoryWriter } from './history-writer.ts'

/** What is told of a happening; the time is added. */
export type Told = Omit<Happening, 'at'>

/** An append-only history in the folder of the logs: what happened, for whoever asks later. */
export interface History {
  /** Neither throws nor waits: what cannot be written is counted, and the count written once it can. */
  tell(told: Told): void
  /** Waits for what was told so far. */
  close(): Promise<void>
}

interface HistoryOptions {
  readonly folder: string
  /** Told at once, whether it can be written or not. */
  readonly onTold?: (happening: Happening) => void
  readonly sizeBytesMax?: number
}

/** Told, and not yet on the disk, which may be slow. */
const WAITING_MAX = 256

export function openHistory({ folder, onTold, sizeBytesMax = HISTORY_BYTES_MAX }: HistoryOptions): History {
  const writer = createHistoryWriter(folder, sizeBytesMax)
  const waiting: Happening[] = []
  let missed = 0
  let writing: Promise<void> | undefined

  async function write(happening: Happening): Promise<void> {
    try {
      const before = missed
      if (before > 0) await writer.append(missedHappening(before, happening.at))
      missed -= before
      await writer.append(happening)
    } catch {
      missed += 1
    }
  }

  async function drain(): Promise<void> {
    for (let next = waiting.shift(); next; next = waiting.shift()) await write(next)
    writing = undefined
  }

  return {
    tell(told) {
      const happening = { at: Date.now(), ...told, text: told.text.slice(0, HAPPENING_TEXT_LENGTH_MAX) }
      onTold?.(happening)
      if (waiting.length >= WAITING_MAX) missed += 1
      else waiting.push(happening)
      writing ??= drain()
    },
    async close() {
      await writing
      await writer.release()
    },
  }
}

function missedHappening(count: number, at: number): Happening {
  const what = count === 1 ? 'One happening' : `${count} happenings`
  return {
    ...{ at, kind: 'missed', service: 'gilgul' },
    text: `${what} before this could not be written down.`,
  }
}
