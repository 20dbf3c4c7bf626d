import { link, open, readdir, rm } from 'node:fs/promises'
import { basename, dirname, join } from 'node:path'
import { syncFolder } from './atomic.ts'
import { type JournalOptions, type JournalSeal, readJournal, replaceJournal } from './journal.ts'
import { destroyFile, overwriteFile } from './overwrite.ts'
import { FILE_MARK, markOf, SEALED_MARK } from './record.ts'

type SealingOptions = Pick<JournalOptions, 'sizeBytesMax' | 'payloadBytesMax'> & {
  readonly sealed: JournalSeal
}

/**
 * Seals a journal that lies in clear, in one step: whoever looks, also after a kill at any moment, finds the whole of
 * it, clear or sealed. Where it lay is then overwritten, as is what interrupted writes had left beside it. With one that
 * is sealed already, it only finishes what a kill may have left undone. Nobody may have the journal open.
 *
 * Rejects with JOURNAL_CORRUPT, JOURNAL_FULL, DISK_FULL or the system's own error, and then the journal is as it was.
 */
export async function sealJournal(path: string, options: SealingOptions): Promise<void> {
  const clear = `${path}.clear`
  if (await isSealed(path)) {
    await destroyFile(clear)
    return
  }
  const payloads = await readJournal(path, { ...options, sealed: undefined })
  await destroyLeftovers(path)
  // A second name of the same file, from a kill before the sealed one took its place.
  await rm(clear, { force: true })
  const old = await open(path, 'r+')
  try {
    // So that a start after a kill finds what is still to be overwritten. Not every file system can do it.
    await link(path, clear).catch(() => {})
    await syncFolder(dirname(path))
    await replaceJournal(path, payloads, options)
    await overwriteFile(old)
  } finally {
    await old.close()
  }
  await rm(clear, { force: true })
  await syncFolder(dirname(path))
}

/** Rejects with JOURNAL_CORRUPT where it is no journal. */
async function isSealed(path: string): Promise<boolean> {
  const file = await open(path, 'r')
  try {
    const begun = Buffer.alloc(FILE_MARK.length)
    const { bytesRead } = await file.read(begun, 0, begun.length, 0)
    return markOf(begun.subarray(0, bytesRead)) === SEALED_MARK
  } finally {
    await file.close()
  }
}

/** What was never acknowledged: torn ends, and copies that never got the name of the journal. */
async function destroyLeftovers(path: string): Promise<void> {
  const [folder, own] = [dirname(path), basename(path)]
  for (const name of await readdir(folder)) {
    const isCopy = name.startsWith(`${own}.`) && name.endsWith('.new')
    if (isCopy || name === `${own}.torn`) await destroyFile(join(folder, name))
  }
}
