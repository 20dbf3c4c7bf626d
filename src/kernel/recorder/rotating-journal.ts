import { existsSync, readdirSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { explainFullDisk, type Journal, openJournal, readJournal } from '#kernel/journal'
import { makeFolders } from '#kernel/sys'
import { RunaError } from '#protocol'

export interface RotatingOptions {
  readonly filesMax?: number
  readonly fileBytesMax?: number
  readonly survives?: 'power-loss' | 'process-death'
}

/** A journal in several files: when one is full the next is begun, and the oldest goes when there are too many. */
export interface RotatingJournal {
  /** Resolves once the record survives what the options say. Records keep the order of the calls. Rejects as a journal does, but for JOURNAL_FULL. */
  append(payload: Uint8Array): Promise<void>
  close(): Promise<void>
}

const FILES_MAX = 8
const FILE_BYTES_MAX = 16 * 2 ** 20

/** Throws BAD_INPUT. */
function checkMost(name: string, most: number): void {
  if (Number.isSafeInteger(most) && most >= 1) return
  throw new RunaError('BAD_INPUT', `\`${name}\` is a whole number from 1 on, not ${most}.`)
}

/** Throws SYSTEM_CALL_FAILED, or DISK_FULL. */
function prepareFolder(folder: string): void {
  try {
    makeFolders(folder)
  } catch (cause) {
    const { code } = cause as NodeJS.ErrnoException
    const message = `The folder ${folder} cannot be made (${code}): nothing can be written down there.`
    const full = explainFullDisk(cause, message)
    throw full === cause ? new RunaError('SYSTEM_CALL_FAILED', message, { cause }) : full
  }
}

/** Goes on with the newest file of `folder`; where that is damaged it is left as it is, and the next is begun. */
export async function openRotatingJournal(
  folder: string,
  { filesMax = FILES_MAX, fileBytesMax = FILE_BYTES_MAX, survives = 'process-death' }: RotatingOptions = {},
): Promise<RotatingJournal> {
  checkMost('filesMax', filesMax)
  checkMost('fileBytesMax', fileBytesMax)
  const options = { sizeBytesMax: fileBytesMax, survives }
  prepareFolder(folder)
  let number = numbersIn(folder).at(-1) ?? 1
  let current = await openOrNext()

  async function openOrNext(): Promise<Journal> {
    try {
      return (await openJournal(pathOf(folder, number), options)).journal
    } catch (error) {
      if (!isSpoilt(error)) throw error
      return begin(number + 1)
    }
  }

  async function begin(next: number): Promise<Journal> {
    const { journal } = await openJournal(pathOf(folder, next), options)
    number = next
    const known = numbersIn(folder)
    for (const old of known.slice(0, Math.max(0, known.length - filesMax))) remove(folder, old)
    return journal
  }

  async function write(payload: Uint8Array): Promise<void> {
    try {
      await current.append(payload)
    } catch (error) {
      if (!(error instanceof RunaError) || error.code !== 'JOURNAL_FULL') throw error
      const full = current
      current = await begin(number + 1)
      await full.close()
      await current.append(payload)
    }
  }

  let last: Promise<void> = Promise.resolve()
  return {
    append(payload) {
      const written = last.then(() => write(payload))
      // The next one comes after it, whatever became of it.
      last = written.catch(() => {})
      return written
    },
    async close() {
      await last
      await current.close()
    },
  }
}

/** A file of a rotating journal, as far as it can be read. */
export interface JournalPart {
  readonly path: string
  readonly payloads: readonly Uint8Array[]
  readonly isDamaged: boolean
}

/** The files that are still there, the oldest first, also while they are being written. */
export async function* readRotatingJournal(
  folder: string,
  { fileBytesMax = FILE_BYTES_MAX }: Pick<RotatingOptions, 'fileBytesMax'> = {},
): AsyncGenerator<JournalPart, void> {
  for (const number of numbersIn(folder)) {
    const path = pathOf(folder, number)
    // It may have been the oldest of too many meanwhile.
    if (existsSync(path)) yield await readPart(path, fileBytesMax)
  }
}

async function readPart(path: string, sizeBytesMax: number): Promise<JournalPart> {
  try {
    return { path, payloads: await readJournal(path, { sizeBytesMax }), isDamaged: false }
  } catch (error) {
    if (!isSpoilt(error)) throw error
    return { path, payloads: [], isDamaged: true }
  }
}

function isSpoilt(error: unknown): boolean {
  return error instanceof RunaError && ['JOURNAL_CORRUPT', 'JOURNAL_FULL'].includes(error.code)
}

function pathOf(folder: string, number: number): string {
  return join(folder, `${String(number).padStart(6, '0')}.journal`)
}

function remove(folder: string, number: number): void {
  for (const path of [pathOf(folder, number), `${pathOf(folder, number)}.torn`]) rmSync(path, { force: true })
}

function numbersIn(folder: string): number[] {
  if (!existsSync(folder)) return []
  const numbers = readdirSync(folder).map((name) => Number(/^(\d{6,})\.journal$/.exec(name)?.[1] ?? 0))
  return numbers.filter((number) => number > 0).sort((one, other) => one - other)
}
