import { RunaError } from '#protocol'

const FULL = ['ENOSPC', 'EDQUOT', 'EFBIG']

/** The system's own code of what went wrong with a file: ENOENT, EACCES, ... */
export function systemCodeOf(error: unknown): string {
  return error instanceof Error && 'code' in error && typeof error.code === 'string' ? error.code : ''
}

/** A full disk is worth a word of its own; anything else is rethrown as it is. */
export function rethrowWriteError(error: unknown): never {
  if (FULL.includes(systemCodeOf(error))) {
    throw new RunaError('DISK_FULL', 'The disk is full. Documents that were already stored are safe.', {
      cause: error,
    })
  }
  throw error
}
