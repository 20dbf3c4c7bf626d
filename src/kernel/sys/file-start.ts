import { libc, systemError } from './libc.ts'

const FALLOC_FL_COLLAPSE_RANGE = 8

/**
 * Takes the first `sizeBytes` out of a file, for everybody who has it open, in one step: who appends loses nothing. Whole
 * blocks of the file system, and less than the file has. Throws with code EOPNOTSUPP where the file system cannot (ext4
 * and XFS can), and then the file is as it was.
 */
export function removeStart(fd: number, sizeBytes: number): void {
  const fallocate = libc('int fallocate(int, int, int64_t, int64_t)')
  if (fallocate(fd, FALLOC_FL_COLLAPSE_RANGE, 0, sizeBytes) !== 0) throw systemError('fallocate')
}
