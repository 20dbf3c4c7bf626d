import { closeSync } from 'node:fs'
import { libc, systemError } from './libc.ts'
import { allocateFile } from './memory.ts'

const MFD_CLOEXEC = 1
const MFD_ALLOW_SEALING = 2
const F_ADD_SEALS = 1_033
const F_GET_SEALS = 1_034
/** No more seals, no shrinking, no growing: F_SEAL_SEAL, F_SEAL_SHRINK and F_SEAL_GROW. */
const SEALS = 1 | 2 | 4

/**
 * Memory with a descriptor and without a name in any folder: only who inherits the descriptor can map it. Its size can
 * never change, so that nobody can pull it away from under a mapping. All zeros, close-on-exec.
 */
export function createSealedMemory(name: string, sizeBytes: number): number {
  const fd = libc('int memfd_create(const char*, uint)')(name, MFD_CLOEXEC | MFD_ALLOW_SEALING)
  if (fd < 0) throw systemError('memfd_create')
  try {
    allocateFile(fd, sizeBytes)
    if (libc('int fcntl(int, int, int)')(fd, F_ADD_SEALS, SEALS) !== 0) throw systemError('fcntl')
  } catch (error) {
    closeSync(fd)
    throw error
  }
  return fd
}

/** Whether a descriptor is memory that `createSealedMemory` made. No file of any file system ever is. */
export function isSealedMemory(fd: number): boolean {
  const seals = libc('int fcntl(int, int, int)')(fd, F_GET_SEALS, 0)
  return seals >= 0 && (seals & SEALS) === SEALS
}
