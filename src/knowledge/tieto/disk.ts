import { explainFullDisk } from '#kernel/journal'

/** The system's own code of what went wrong with a file: ENOENT, EACCES, ... */
export function systemCodeOf(error: unknown): string {
  return error instanceof Error && 'code' in error && typeof error.code === 'string' ? error.code : ''
}

/** A full disk is worth a word of its own; anything else is rethrown as it is. */
export function rethrowWriteError(error: unknown): never {
  throw explainFullDisk(error, 'The disk is full. Documents that were already stored are safe.')
}
