import { readFileSync } from 'node:fs'
import * as z from 'zod'
import { replaceFile } from '#kernel/journal'
import type { Peak } from './decide.ts'

/** Of these many models, each with the context that it had last; the one that was not measured for longest is forgotten. */
const PEAKS_MAX = 64
/** A change of less is not worth a write. */
const NEWS_SHARE = 0.01

const fileSchema = z.object({
  version: z.literal(1),
  /** The latest last. */
  peaks: z.array(
    z.object({
      digest: z.string(),
      contextTokens: z.number().int().positive(),
      peakBytes: z.number().int().positive(),
    }),
  ),
})
type Entry = z.infer<typeof fileSchema>['peaks'][number]

/** How much memory models took at most, by the bits of their files. */
export interface Peaks {
  of(digest: string): Peak | undefined
  /** Takes a measurement. The file is written at most once at a time; where it cannot be, memory remembers. */
  take(entry: Entry): void
  /** Waits for what is being written. */
  close(): Promise<void>
}

export function openPeaks(path: string, onFault: (error: unknown) => void): Peaks {
  let entries = readEntries(path)
  let isNews = false
  let writing: Promise<void> = Promise.resolve()

  async function write(): Promise<void> {
    while (isNews) {
      isNews = false
      await replaceFile(path, `${JSON.stringify({ version: 1, peaks: entries })}\n`).catch(onFault)
    }
  }

  const find = (digest: string) => entries.find((entry) => entry.digest === digest)
  return {
    of: find,
    close: () => writing,
    take(entry) {
      const known = find(entry.digest)
      const isSame = known?.contextTokens === entry.contextTokens
      if (isSame && entry.peakBytes <= known.peakBytes * (1 + NEWS_SHARE)) return
      entries = [...entries.filter(({ digest }) => digest !== entry.digest), entry].slice(-PEAKS_MAX)
      isNews = true
      writing = writing.then(write)
    },
  }
}

/** A hint: what cannot be read is measured anew. */
function readEntries(path: string): Entry[] {
  try {
    return fileSchema.parse(JSON.parse(readFileSync(path, 'utf8'))).peaks.slice(-PEAKS_MAX)
  } catch {
    return []
  }
}
