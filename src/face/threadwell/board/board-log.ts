import { stat } from 'node:fs/promises'
import { type Journal, type JournalOptions, openJournal, replaceJournal } from '#kernel/journal'
import { parseOrThrow, RunaError } from '#protocol'
import { LIMITS } from '../limits.ts'
import { applyChange } from './apply-change.ts'
import { type BoardState, type Entry, entrySchema, type LogRecord, recordSchema } from './entry.ts'
import { foldRecords, snapshotRecords } from './snapshot.ts'

const MEBIBYTE = 2 ** 20

export interface BoardLogOptions {
  readonly sizeBytesMax?: number
  /** The log is folded into a snapshot once it is larger than this and twice as large as its last snapshot. */
  readonly compactAtBytes?: number
}

export interface BoardLog {
  /** Resolves with the board after `entry`, once that is durable. Rejects, and then the board is as it was. */
  append(entry: Entry): Promise<BoardState>
  close(): Promise<void>
}

/** Creates the log of a new board, in one step. */
export async function createBoardLog(path: string, board: BoardState): Promise<void> {
  await replaceJournal(path, encodeAll(snapshotRecords(board)), journalOptions(LIMITS.boardBytesMax))
}

/** Rejects with JOURNAL_CORRUPT or JOURNAL_FULL, and then the file is as it was. One process at a time. */
export async function openBoardLog(
  path: string,
  options: BoardLogOptions = {},
): Promise<{ log: BoardLog; board: BoardState }> {
  const { sizeBytesMax = LIMITS.boardBytesMax, compactAtBytes = 4 * MEBIBYTE } = options
  const settings = journalOptions(sizeBytesMax)
  const opened = await openJournal(path, settings)
  let journal: Journal | undefined = opened.journal
  let board: BoardState
  try {
    board = foldRecords(opened.payloads.map(decode))
  } catch (cause) {
    await journal.close()
    throw new RunaError('JOURNAL_CORRUPT', `${path} holds something that is no board.`, { cause })
  }
  let sizeBytes = (await stat(path)).size
  let compactAt = Math.max(compactAtBytes, 2 * sizeBytes)

  function openedJournal(): Journal {
    if (!journal) throw new RunaError('JOURNAL_FAILED', 'The log of the board could not be opened again.')
    return journal
  }

  /** A snapshot that does not fit leaves the log as it is: what was acknowledged stands in it. */
  async function compact(): Promise<void> {
    await openedJournal().close()
    journal = undefined
    await replaceJournal(path, encodeAll(snapshotRecords(board)), settings).catch(() => {})
    journal = (await openJournal(path, settings)).journal
    sizeBytes = (await stat(path)).size
    compactAt = Math.max(compactAtBytes, 2 * sizeBytes)
  }

  async function appendRecord(payload: Uint8Array): Promise<void> {
    try {
      await openedJournal().append(payload)
    } catch (error) {
      if (!(error instanceof RunaError && error.code === 'JOURNAL_FULL')) throw error
      await compact()
      await openedJournal().append(payload)
    }
    sizeBytes += payload.length
  }

  async function append(entry: Entry): Promise<BoardState> {
    // What would not be read again must not be written.
    const next = applyChange(board, parseOrThrow(entrySchema, entry))
    await appendRecord(encode({ record: 'entry', entry })).catch((cause) => {
      if (!(cause instanceof RunaError && cause.code === 'JOURNAL_FULL')) throw cause
      throw new RunaError('BOARD_FULL', `A board takes at most ${sizeBytesMax} bytes on the disk.`, { cause })
    })
    board = next
    // The entry is safe already: a failure here shows at the next one.
    if (sizeBytes > compactAt) await compact().catch(() => {})
    return next
  }

  return { board, log: { append, close: async () => journal?.close() } }
}

function journalOptions(sizeBytesMax: number): JournalOptions {
  return { sizeBytesMax, payloadBytesMax: 8 * MEBIBYTE, waitingBytesMax: 16 * MEBIBYTE }
}

function encode(record: LogRecord): Uint8Array {
  return Buffer.from(JSON.stringify(record))
}

function* encodeAll(records: Iterable<LogRecord>): Generator<Uint8Array> {
  for (const record of records) yield encode(record)
}

function decode(payload: Uint8Array): LogRecord {
  return parseOrThrow(recordSchema, JSON.parse(Buffer.from(payload).toString()))
}
