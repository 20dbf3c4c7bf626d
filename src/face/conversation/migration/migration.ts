import { readdir, rename } from 'node:fs/promises'
import { basename, join } from 'node:path'
import { destroyFile, readJournal } from '#kernel/journal'
import { RunaError } from '#protocol'
import { patiently } from '../patience.ts'
import type { Fault } from '../personas.ts'
import type { Alethia } from '../remembering/alethia-client.ts'
import { PASSING_FOR_KEEPING } from '../remembering/patient-memory.ts'
import { rememberedOf } from '../remembering/remembered-turn.ts'
import { readOldRecords } from './old-record.ts'

/** The move of what an earlier Runa has left, in clear, into the memory. */
export interface Migration {
  /** Resolves once all is moved, or after a while: what then still lies there comes later. */
  settled(signal: AbortSignal): Promise<void>
  faults(): readonly Fault[]
}

export const NO_MIGRATION: Migration = { settled: async () => {}, faults: () => [] }

type Memory = Pick<Alethia, 'remember' | 'state'>

interface MigrationOptions {
  /** Fires when conversation is to stop; the rest is moved at the next start. */
  readonly signal: AbortSignal
  /** How long somebody who asks waits for it. */
  readonly patienceMs?: number
  /** Knows whether all were moved before. Default: they were not, and nothing is noted. */
  readonly ledger?: MoveLedger
}

/** Where it is noted that all threads of before were moved: files that turn up later were put there by somebody. */
export interface MoveLedger {
  isDone(): Promise<boolean>
  done(): Promise<void>
}

const NO_LEDGER: MoveLedger = { isDone: async () => false, done: async () => {} }

const FILE_NAME = /^([0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12})\.journal$/
const MOVED = '.moved'
/** What an interrupted write has left, or an interrupted move. */
const LEFTOVER = /\.(torn|moved)$/
const OLD_SIZES = { sizeBytesMax: 64 * 2 ** 20, payloadBytesMax: 4 * 2 ** 20 }
const PATIENCE_MS = 20_000
const ALETHIA_PATIENCE_MS = 60_000
/** What is left to today's turns of the person: the rest is moved at the next start. */
const ROOM_TODAY_BYTES_MIN = 32 * 2 ** 20

/**
 * Moves `threads/*.journal` into the memory, one after the other. A file is overwritten and removed once all its turns are
 * acknowledged; a death in between costs nothing, since the memory takes a turn only once. Begins at once, and never
 * rejects.
 */
export function migrateThreads(folder: string, alethia: Memory, options: MigrationOptions): Migration {
  const { signal, patienceMs = PATIENCE_MS, ledger = NO_LEDGER } = options
  const faults: Fault[] = []
  const moved = moveUntilDone(folder, alethia, faults, { signal, ledger }).catch((error: unknown) => {
    if (!signal.aborted)
      faults.push({ file: folder, message: `Old threads are not moved yet: ${wordsOf(error)}` })
  })
  return {
    faults: () => faults,
    async settled(asking) {
      const waiting = new AbortController()
      const timer = setTimeout(() => waiting.abort(), patienceMs)
      const given = AbortSignal.any([waiting.signal, asking])
      try {
        await Promise.race([moved, fired(given)])
      } finally {
        clearTimeout(timer)
        waiting.abort()
      }
    },
  }
}

async function moveUntilDone(
  folder: string,
  alethia: Memory,
  faults: Fault[],
  { signal, ledger }: { readonly signal: AbortSignal; readonly ledger: MoveLedger },
): Promise<void> {
  if (!(await ledger.isDone())) {
    await moveAll(folder, alethia, faults, signal)
    if (faults.length === 0) await ledger.done()
    return
  }
  for (const name of (await namesIn(folder)).filter((file) => FILE_NAME.test(file))) {
    const message = 'It turned up in clear after all old threads had been moved. It is not read.'
    faults.push({ file: join(folder, name), message })
  }
}

async function moveAll(folder: string, alethia: Memory, faults: Fault[], signal: AbortSignal): Promise<void> {
  const names = (await namesIn(folder)).sort()
  for (const name of names.filter((file) => LEFTOVER.test(file))) await destroyFile(join(folder, name))
  for (const name of names.filter((file) => file.endsWith('.damaged'))) {
    faults.push({ file: join(folder, name), message: 'A damaged thread of an earlier Runa. It is in clear.' })
  }
  for (const name of names) {
    const id = FILE_NAME.exec(name)?.[1]
    if (id === undefined) continue
    signal.throwIfAborted()
    const refusal = await refusalOf(alethia, signal)
    if (refusal !== undefined) return void faults.push({ file: folder, message: refusal })
    await moveOne(join(folder, name), id, alethia, signal).catch((error: unknown) => {
      if (signal.aborted) throw error
      faults.push({ file: join(folder, name), message: `This thread was left as it is. ${wordsOf(error)}` })
    })
  }
}

/** A sentence, where nothing can be moved now. */
async function refusalOf(alethia: Memory, signal: AbortSignal): Promise<string | undefined> {
  const patience = { patienceMs: ALETHIA_PATIENCE_MS, codes: PASSING_FOR_KEEPING, signal }
  const { kept, full, roomTodayBytes } = await patiently(() => alethia.state({}, { signal }), patience)
  if (!kept) return 'Threads of an earlier Runa lie here in clear: they are moved once Runa runs with coven.'
  if (full) return 'The memory is full. The rest of the old threads lies here in clear.'
  if (roomTodayBytes >= ROOM_TODAY_BYTES_MIN) return undefined
  return 'The rest of the old threads is moved when Runa is started on another day. Until then it is in clear.'
}

async function moveOne(path: string, thread: string, alethia: Memory, signal: AbortSignal): Promise<void> {
  const patience = { patienceMs: ALETHIA_PATIENCE_MS, codes: PASSING_FOR_KEEPING, signal }
  for (const record of await readThread(path)) {
    signal.throwIfAborted()
    const turn = { ...rememberedOf(thread, record, true), offTheRecord: false }
    await patiently(() => alethia.remember(turn, { signal }), patience).catch(unlessForgotten)
  }
  await shred(path)
}

async function readThread(path: string) {
  const payloads = await readJournal(path, OLD_SIZES)
  try {
    return readOldRecords(payloads)
  } catch {
    // Without the cause: it would carry what somebody said.
    throw new RunaError('JOURNAL_CORRUPT', 'It holds a record that this version cannot read.')
  }
}

/** Moved once before, and forgotten since. */
function unlessForgotten(error: unknown): void {
  if (!(error instanceof RunaError) || error.code !== 'TURN_FORGOTTEN') throw error
}

/** Renamed first: what a death leaves of it half overwritten is no thread that could not be read. */
async function shred(path: string): Promise<void> {
  const aside = `${path}${MOVED}`
  await rename(path, aside)
  await destroyFile(aside)
}

async function namesIn(folder: string): Promise<string[]> {
  return readdir(folder).catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOENT') return []
    throw error
  })
}

function wordsOf(error: unknown): string {
  if (error instanceof RunaError) return error.message
  const { code } = error as NodeJS.ErrnoException
  return `${basename(String(code ?? 'The disk failed'))}.`
}

function fired(signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    if (signal.aborted) resolve()
    else signal.addEventListener('abort', () => resolve(), { once: true })
  })
}
