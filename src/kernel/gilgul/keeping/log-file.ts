import { closeSync, fstatSync, openSync, readSync, statSync } from 'node:fs'

const LAST_WORDS_BYTES_MAX = 16_384

export function openLog(path: string): number {
  return openSync(path, 'a', 0o600)
}

export function logSizeBytes(path: string): number {
  return statSync(path, { throwIfNoEntry: false })?.size ?? 0
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
