import { stat } from 'node:fs/promises'
import {
  type Journal,
  type JournalOptions,
  type JournalSeal,
  openJournal,
  replaceJournal,
  sealJournal,
} from '#kernel/journal'
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
  /** Whether one in clear may be from before boards were sealed. Default: yes. */
  readonly takesClear?: boolean
}

export interface BoardLog {
  /** Resolves with the board after `entry`, once that is durable. Rejects, and then the board is as it was. */
  append(entry: Entry): Promise<BoardState>
  close(): Promise<void>
}

/** Creates the log of a new board, in one step. */
export async function createBoardLog(path: string, seal: JournalSeal, board: BoardState): Promise<void> {
  await replaceJournal(path, encodeAll(snapshotRecords(board)), journalOptions(seal, LIMITS.boardBytesMax))
}

/**
 * One that lies in clear, from before boards were sealed, is sealed first. Rejects with JOURNAL_CORRUPT, SEAL_BROKEN or
 * JOURNAL_FULL, and then the file is as it was. One process at a time.
 */
export async function openBoardLog(
  path: string,
  seal: JournalSeal,
  options: BoardLogOptions = {},
): Promise<{ log: BoardLog; board: BoardState }> {
  const { sizeBytesMax = LIMITS.boardBytesMax, compactAtBytes = 4 * MEBIBYTE, takesClear = true } = options
  const settings = journalOptions(seal, sizeBytesMax)
  if (takesClear) await sealJournal(path, settings)
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
  let isInDoubt = false
  let compactAt = Math.max(compactAtBytes, 2 * sizeBytes)

  /** What the disk refused to open a moment ago is tried again with each change: it may have got well. */
  async function openedJournal(): Promise<Journal> {
    journal ??= (await openJournal(path, settings)).journal
    return journal
  }

  async function replaceLog(): Promise<void> {
    await journal?.close().catch(() => {})
    journal = undefined
    await replaceJournal(path, encodeAll(snapshotRecords(board)), settings)
    isInDoubt = false
  }

  /** A snapshot that does not fit leaves the log as it is: what was acknowledged stands in it. */
  async function compact(): Promise<void> {
    await replaceLog().catch(() => {})
    await openedJournal()
    sizeBytes = (await stat(path)).size
    compactAt = Math.max(compactAtBytes, 2 * sizeBytes)
  }

  async function appendRecord(payload: Uint8Array): Promise<void> {
    if (isInDoubt) await replaceLog()
    try {
      await (await openedJournal()).append(payload)
    } catch (error) {
      // Nobody knows how much of it the disk has. What is known is the board, so the next change begins with that.
      if (error instanceof RunaError && error.code === 'JOURNAL_FAILED') isInDoubt = true
      if (!(error instanceof RunaError && error.code === 'JOURNAL_FULL')) throw error
      await compact()
      await (await openedJournal()).append(payload)
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

function journalOptions(sealed: JournalSeal, sizeBytesMax: number) {
  return {
    sealed,
    sizeBytesMax,
    payloadBytesMax: 8 * MEBIBYTE,
    waitingBytesMax: 16 * MEBIBYTE,
  } satisfies JournalOptions
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
