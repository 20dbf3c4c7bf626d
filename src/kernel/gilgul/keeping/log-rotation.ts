import {
  closeSync,
  fstatSync,
  ftruncateSync,
  openSync,
  readSync,
  renameSync,
  rmSync,
  writeSync,
} from 'node:fs'
import { copyFile, truncate } from 'node:fs/promises'
import { removeStart } from '#kernel/sys'
import { logSizeBytes } from './log-file.ts'

/** A log that has grown beyond this is moved to NAME.log.1 when gilgul next looks; what was there is dropped. */
const LOG_SIZE_BYTES_MAX = 8 * 2 ** 20

const CHUNK_BYTES = 65_536

export type RemoveStart = typeof removeStart

/**
 * Moves what a log holds to NAME.log.1, while its service goes on writing to the same open file. NAME.log.1 and NAME.log,
 * one after the other, are what was written. Nothing is lost where the file system can take the start out of a file: the
 * last part of a block, and with it the rest of a line, stays in the log then. Elsewhere the log is emptied, and lost is
 * what is written in the some ten microseconds between the last look and that.
 */
export async function rotateLog(
  path: string,
  { sizeBytesMax = LOG_SIZE_BYTES_MAX, remove = removeStart as RemoveStart } = {},
): Promise<void> {
  const sizeBytes = logSizeBytes(path)
  if (sizeBytes <= sizeBytesMax) return
  const copy = `${path}.new`
  const fd = openSync(path, 'r+')
  try {
    await copyFile(path, copy)
    const { blksize } = fstatSync(fd)
    // A log is only added to: what it had at first is the same in the copy.
    const wholeBytes = Math.ceil(sizeBytes / blksize - 1) * blksize
    if (!(await takeStart(fd, wholeBytes, { copy, path, remove }))) emptyLog(fd, copy, path)
  } finally {
    closeSync(fd)
    rmSync(copy, { force: true })
  }
}

interface Taking {
  readonly copy: string
  readonly path: string
  readonly remove: RemoveStart
}

/** Returns whether the file system can. */
async function takeStart(fd: number, sizeBytes: number, { copy, path, remove }: Taking): Promise<boolean> {
  if (sizeBytes <= 0) return false
  try {
    remove(fd, 0)
  } catch (error) {
    // Nothing is no range: who can, says EINVAL.
    if ((error as NodeJS.ErrnoException).code !== 'EINVAL') return false
  }
  await truncate(copy, sizeBytes)
  renameSync(copy, `${path}.1`)
  remove(fd, sizeBytes)
  return true
}

/** Without giving way to anything of this process between the last look and the end. */
function emptyLog(fd: number, copy: string, path: string): void {
  const to = openSync(copy, 'a')
  try {
    const chunk = Buffer.alloc(CHUNK_BYTES)
    for (let at = fstatSync(to).size; ; ) {
      const length = readSync(fd, chunk, 0, CHUNK_BYTES, at)
      if (length === 0) break
      writeSync(to, chunk, 0, length)
      at += length
    }
    renameSync(copy, `${path}.1`)
    ftruncateSync(fd)
  } finally {
    closeSync(to)
  }
}
