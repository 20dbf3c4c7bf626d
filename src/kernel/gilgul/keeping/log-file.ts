import { closeSync, fstatSync, ftruncateSync, openSync, readSync, statSync } from 'node:fs'
import { copyFile } from 'node:fs/promises'

/** A log that has grown beyond this is moved to NAME.log.1 when gilgul next looks; what was there is dropped. */
const LOG_SIZE_BYTES_MAX = 8 * 2 ** 20

const LAST_WORDS_BYTES_MAX = 16_384

export function openLog(path: string): number {
  return openSync(path, 'a', 0o600)
}

export function logSizeBytes(path: string): number {
  return statSync(path, { throwIfNoEntry: false })?.size ?? 0
}

/**
 * Copies the log away and empties it. The service goes on writing into the same file, at its new end: what it writes
 * in the moment between the two is lost.
 */
export async function rotateLog(path: string, sizeBytesMax = LOG_SIZE_BYTES_MAX): Promise<void> {
  if (logSizeBytes(path) <= sizeBytesMax) return
  await copyFile(path, `${path}.1`)
  const fd = openSync(path, 'r+')
  ftruncateSync(fd)
  closeSync(fd)
}

/** The lines at the end of a log, of what was written after its first `fromBytes`. */
export function lastWords(path: string, fromBytes: number): string[] {
  let fd: number
  try {
    fd = openSync(path, 'r')
  } catch {
    return []
  }
  try {
    const { size } = fstatSync(fd)
    // A shorter file was emptied meanwhile: all of it is newer.
    const start = Math.max(size < fromBytes ? 0 : fromBytes, size - LAST_WORDS_BYTES_MAX)
    const bytes = Buffer.alloc(size - start)
    readSync(fd, bytes, 0, bytes.length, start)
    return bytes
      .toString()
      .split('\n')
      .filter((line) => line.trim() !== '')
  } finally {
    closeSync(fd)
  }
}
