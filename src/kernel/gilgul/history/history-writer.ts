import { existsSync, renameSync } from 'node:fs'
import { type Journal, openJournal } from '#kernel/journal'
import { type Happening, RunaError } from '#protocol'
import { historyFiles } from './history-file.ts'

interface HistoryWriter {
  /** Rejects where it cannot be written, and then the next one tries anew. */
  append(happening: Happening): Promise<void>
  release(): Promise<void>
}

/**
 * Opens the file when it is first needed. One that has grown to its limit, or cannot be understood, is laid aside as the
 * older one, and the older one before is dropped.
 */
export function createHistoryWriter(folder: string, sizeBytesMax: number): HistoryWriter {
  const files = historyFiles(folder)
  let journal: Journal | undefined

  async function tryAppend(bytes: Uint8Array): Promise<void> {
    journal ??= (await openJournal(files.current, { survives: 'process-death', sizeBytesMax })).journal
    await journal.append(bytes)
  }

  async function release(): Promise<void> {
    const held = journal
    journal = undefined
    await held?.close().catch(() => {})
  }

  return {
    async append(happening) {
      const bytes = Buffer.from(JSON.stringify(happening))
      try {
        await tryAppend(bytes)
      } catch (error) {
        await release()
        if (!isSpent(error)) throw error
        if (existsSync(files.current)) renameSync(files.current, files.older)
        await tryAppend(bytes)
      }
    },
    release,
  }
}

/** Nothing more can be added to it. */
function isSpent(error: unknown): boolean {
  return error instanceof RunaError && ['JOURNAL_FULL', 'JOURNAL_CORRUPT'].includes(error.code)
}
