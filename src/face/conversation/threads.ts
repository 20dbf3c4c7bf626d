import { mkdir, rm } from 'node:fs/promises'
import { join } from 'node:path'
import { type JournalOptions, openJournal, readJournal } from '#kernel/journal'
import { type AnswerRecord, RunaError, type Thread } from '#protocol'
import type { Fault } from './personas.ts'
import { encodeTurn, extendEntry, readThreadIndex, type ThreadEntry, turnsIn } from './thread-index.ts'

export interface ThreadLimits {
  readonly threadsMax: number
  /** In one thread. */
  readonly turnsMax: number
  /** Of the file of one thread. */
  readonly sizeBytesMax: number
}

const LIMITS: ThreadLimits = { threadsMax: 1_000, turnsMax: 1_000, sizeBytesMax: 32 * 2 ** 20 }
const RECORD_BYTES_MAX = 4 * 2 ** 20

type JournalSizes = Required<Pick<JournalOptions, 'sizeBytesMax' | 'payloadBytesMax' | 'waitingBytesMax'>>

export interface ThreadStore {
  /** What could not be read when the store was opened. */
  readonly faults: readonly Fault[]
  /** The last used first. */
  list(): Thread[]
  /** Rejects with THREAD_UNKNOWN or JOURNAL_CORRUPT. */
  read(id: string): Promise<{ thread: Thread; records: AnswerRecord[] }>
  threadOf(answerId: string): string | undefined
  /**
   * Keeps the thread for one turn, until the function that is returned is called. A new thread needs an id that no
   * other has. Throws BUSY, THREAD_UNKNOWN, THREADS_FULL or JOURNAL_FULL.
   */
  claim(id: string, isNew: boolean): () => void
  /** Resolves once the record is on the disk. The first record makes the thread, and gives it its title. */
  append(id: string, record: AnswerRecord): Promise<void>
  /** Resolves once the file is gone. */
  remove(id: string): Promise<void>
}

/**
 * One journal a thread, in `folder`. Only an index is kept in memory; what was said is read when it is asked for.
 * A damaged journal is set aside as `.damaged` and reported, and costs no other thread anything.
 */
export async function openThreads(folder: string, limits: Partial<ThreadLimits> = {}): Promise<ThreadStore> {
  const { threadsMax, turnsMax, sizeBytesMax } = { ...LIMITS, ...limits }
  const sizes = { sizeBytesMax, payloadBytesMax: RECORD_BYTES_MAX, waitingBytesMax: 2 * RECORD_BYTES_MAX }
  const pathOf = (id: string) => join(folder, `${id}.journal`)
  await mkdir(folder, { recursive: true, mode: 0o700 })
  const { entries, faults } = await readThreadIndex(folder, sizes, threadsMax)
  const answers = new Map([...entries].flatMap(([id, entry]) => entry.answers.map((answer) => [answer, id])))
  const claimed = new Set<string>()
  /** Of those that are claimed: what is still said in them belongs nowhere any more. */
  const removed = new Set<string>()

  function find(id: string): ThreadEntry {
    const entry = entries.get(id)
    if (!entry) throw new RunaError('THREAD_UNKNOWN')
    return entry
  }

  function admit(id: string, isNew: boolean): void {
    if (claimed.has(id)) throw new RunaError('BUSY', 'This thread is still being answered.')
    if (!isNew && find(id).answers.length >= turnsMax) {
      throw new RunaError(
        'JOURNAL_FULL',
        `The thread holds ${turnsMax} turns, and no more fit. Start a new one.`,
      )
    }
    const coming = [...claimed].filter((other) => !entries.has(other)).length
    if (isNew && entries.size + coming >= threadsMax) {
      throw new RunaError('THREADS_FULL', `There are ${threadsMax} threads, and no more fit.`)
    }
  }

  return {
    faults,
    list: () => lastUsedFirst(entries),
    threadOf: (answerId) => answers.get(answerId),
    async read(id) {
      const entry = find(id)
      return { thread: describe(id, entry), records: await readTurns(pathOf(id), sizes) }
    },
    claim(id, isNew) {
      admit(id, isNew)
      claimed.add(id)
      return () => {
        claimed.delete(id)
        removed.delete(id)
      }
    },
    async append(id, record) {
      const before = entries.get(id)
      if (!removed.has(id)) await appendTo(pathOf(id), encodeTurn(record), sizes, before === undefined)
      if (removed.has(id)) {
        // Opening the journal may just have made it anew.
        await deleteThread(pathOf(id))
        throw new RunaError('THREAD_UNKNOWN', 'The thread was removed while it was being answered.')
      }
      entries.set(id, extendEntry(before, record))
      answers.set(record.id, id)
    },
    async remove(id) {
      const entry = find(id)
      if (claimed.has(id)) removed.add(id)
      await deleteThread(pathOf(id)).catch((cause) => {
        removed.delete(id)
        throw cause
      })
      entries.delete(id)
      for (const answer of entry.answers) answers.delete(answer)
    },
  }
}

function lastUsedFirst(entries: ReadonlyMap<string, ThreadEntry>): Thread[] {
  return [...entries].map(([id, entry]) => describe(id, entry)).sort((a, b) => b.updatedAt - a.updatedAt)
}

function describe(id: string, { title, answers, updatedAt }: ThreadEntry): Thread {
  return { id, title, turns: answers.length, updatedAt }
}

async function readTurns(path: string, sizes: JournalSizes): Promise<AnswerRecord[]> {
  const payloads = await readJournal(path, sizes).catch((cause: unknown) => {
    throw readingError(cause)
  })
  return turnsIn(payloads)
}

/** With what an interrupted write had left of it beside its journal. */
async function deleteThread(path: string): Promise<void> {
  try {
    for (const file of [path, `${path}.torn`]) await rm(file, { force: true })
  } catch (cause) {
    throw writingError(cause)
  }
}

async function appendTo(
  path: string,
  payload: Uint8Array,
  sizes: JournalSizes,
  isNew: boolean,
): Promise<void> {
  try {
    const { journal } = await openJournal(path, sizes)
    try {
      await journal.append(payload)
    } finally {
      await journal.close()
    }
  } catch (cause) {
    // An empty journal would be a thread in which nothing was said.
    if (isNew) await rm(path, { force: true }).catch(() => {})
    throw writingError(cause)
  }
}

function writingError(cause: unknown): RunaError {
  const { code, cause: inner } = cause as NodeJS.ErrnoException
  const codes = [code, (inner as NodeJS.ErrnoException | undefined)?.code]
  if (codes.some((name) => name === 'ENOSPC' || name === 'EDQUOT')) {
    return new RunaError('DISK_FULL', 'The disk is full: this turn was not stored.', { cause })
  }
  if (cause instanceof RunaError) return cause
  return new RunaError('JOURNAL_FAILED', `This turn was not stored: ${code ?? 'the disk failed'}.`, { cause })
}

function readingError(cause: unknown): RunaError {
  if (cause instanceof RunaError) return cause
  const { code } = cause as NodeJS.ErrnoException
  if (code === 'ENOENT') return new RunaError('THREAD_UNKNOWN', 'The file of the thread is gone.', { cause })
  return new RunaError('JOURNAL_CORRUPT', `The thread cannot be read: ${code ?? 'the disk failed'}.`, {
    cause,
  })
}
