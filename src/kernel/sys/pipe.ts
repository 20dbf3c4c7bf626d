import { libc, systemError } from './libc.ts'

const O_CLOEXEC = 0o2_000_000

/** A pipe for processes that inherit its ends. Close-on-exec: only who is given an end has it. */
export function createPipe(): { readonly readEnd: number; readonly writeEnd: number } {
  const ends = Buffer.alloc(8)
  if (libc('int pipe2(_Out_ uint8_t*, int)')(ends, O_CLOEXEC) !== 0) throw systemError('pipe2')
  return { readEnd: ends.readInt32LE(0), writeEnd: ends.readInt32LE(4) }
}
