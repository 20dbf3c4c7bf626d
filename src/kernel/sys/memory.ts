import { fstatSync } from 'node:fs'
import { koffiLibrary, libc, systemError } from './libc.ts'

const PROT_READ_WRITE = 3
const MAP_SHARED = 1
/** mmap's answer when it failed: the highest address. */
const MAP_FAILED = 0xffff_ffff_ffff_ffffn
const EINVAL = 22

/** A view of more makes Node abort. */
const MAPPING_BYTES_MAX = 4 * 2 ** 30

/** Where each mapping begins. */
const addresses = new WeakMap<ArrayBufferLike, bigint>()

/**
 * Gives a file `sizeBytes` of real room, all zeros. A file that is merely long (ftruncate) kills whoever touches it
 * once the file system is full. Throws with code ENOSPC where there is not enough.
 */
export function allocateFile(fd: number, sizeBytes: number): void {
  const errno = libc('int posix_fallocate(int, int64_t, int64_t)')(fd, 0, sizeBytes)
  if (errno !== 0) throw systemError('posix_fallocate', errno)
}

/**
 * Maps a whole file, shared with every process that maps it. There is no way back: unmapping would leave views
 * behind whose first use ends the process. So it stays until the process ends.
 */
export function mapFile(fd: number): ArrayBuffer {
  const { size } = fstatSync(fd)
  if (size === 0 || size > MAPPING_BYTES_MAX) throw systemError('mmap', EINVAL)
  const mmap = libc('void* mmap(void*, size_t, int, int, int, int64_t)')
  const pointer: unknown = mmap(null, size, PROT_READ_WRITE, MAP_SHARED, fd, 0)
  const address = koffiLibrary().address(pointer)
  if (address === MAP_FAILED) throw systemError('mmap')
  const memory = koffiLibrary().view(pointer, size)
  addresses.set(memory, address)
  return memory
}

/** Of a word of a mapping, for system calls. Throws with code EINVAL for any other memory, and outside of it. */
export function addressOfWord(words: Int32Array, index: number): number {
  const start = addresses.get(words.buffer)
  if (start === undefined || !Number.isInteger(index) || index < 0 || index >= words.length)
    throw systemError('futex', EINVAL)
  return Number(start) + words.byteOffset + index * Int32Array.BYTES_PER_ELEMENT
}
