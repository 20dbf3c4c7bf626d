import type { Bus } from '#kernel/splinter'
import { decodeEntries, type Entry, encodeEntries, toEntries } from './entries.ts'
import { openRotatingJournal, type RotatingOptions, readRotatingJournal } from './rotating-journal.ts'

export interface RecorderOptions extends RotatingOptions {
  /** What cannot be written down is not sent, and what was is on the disk before more is taken. */
  readonly strict?: boolean
  /** Ends the recording. */
  readonly signal: AbortSignal
  /** Once it has begun, and after each batch: how much was written down, and how much was not, so far. */
  readonly onProgress?: (recorded: number, missed: number) => void
}

/**
 * Writes down in `folder` what everybody on the bus sends, without what it says, until the signal. Rejects with BUSY where
 * another one records, BUS_FULL where the bus has no room for the records, and as a journal does where the disk fails: then
 * nothing is written down any more, and everybody may send.
 */
export async function recordBus(
  bus: Pick<Bus, 'path' | 'record'>,
  folder: string,
  options: RecorderOptions,
): Promise<void> {
  const { strict = false, signal, onProgress = () => {} } = options
  const survives = strict ? 'power-loss' : 'process-death'
  let [recorded, missedSoFar] = [0, 0]
  // First the claim: two may not write to one journal.
  const recording = bus.record({
    strict,
    async keep(messages, missed) {
      await write(toEntries(messages, missed, Date.now()))
      recorded += messages.length
      missedSoFar += missed
      onProgress(recorded, missedSoFar)
    },
  })
  const end = () => void recording.end()
  const opening = openRotatingJournal(folder, { survives, ...options })
  const write = async (entries: readonly Entry[]) => (await opening).append(encodeEntries(entries))
  try {
    const begun = write([{ kind: 'begin', at: Date.now(), bus: bus.path, strict }])
    await Promise.race([begun, recording.ended])
    onProgress(0, 0)
    if (signal.aborted) end()
    signal.addEventListener('abort', end, { once: true })
    await recording.ended
    await write([{ kind: 'end', at: Date.now() }])
  } finally {
    end()
    await opening.then((journal) => journal.close())
  }
}

/** A file that cannot be read: what stood in it is unknown. */
export interface Damage {
  readonly kind: 'damaged'
  readonly path: string
}

/** Everything that is still written down in `folder`, the oldest first. */
export async function* readRecord(
  folder: string,
  options: Pick<RotatingOptions, 'fileBytesMax'> = {},
): AsyncGenerator<Entry | Damage, void> {
  for await (const { path, payloads, isDamaged } of readRotatingJournal(folder, options)) {
    if (isDamaged) yield { kind: 'damaged', path }
    for (const payload of payloads) yield* decodeEntries(payload)
  }
}
