import { closeSync, ftruncateSync } from 'node:fs'
import { koffiLibrary, libc, systemError } from './libc.ts'

/** The same number on x86-64 and on 64-bit ARM. */
const SYS_MEMFD_SECRET = 447
const O_CLOEXEC = 0o2_000_000
const PROT_READ_WRITE = 3
const MAP_SHARED = 1
const MAP_PRIVATE_ANONYMOUS = 0x22
const MAP_FAILED = 0xffff_ffff_ffff_ffffn
const MADV_DONTFORK = 10
const MADV_DONTDUMP = 16
const MADV_WIPEONFORK = 18

/**
 * How well memory is guarded, best first. `secret`: no other process can read it, not even through the kernel's own eyes
 * (memfd_secret; Linux 5.14, without a switch from 6.5). `locked`: never written to swap. `open`: neither, since this
 * system allows no more locked memory (`ulimit -l`). None of them is in a core dump, or in a child that is forked.
 */
export type MemoryGuard = 'secret' | 'locked' | 'open'

export interface GuardedMemory {
  readonly bytes: Uint8Array
  readonly guard: MemoryGuard
}

/** Zeros, for as long as the process lives. Throws where there is no memory. `best`: for tests of what other systems have. */
export function mapGuardedMemory(sizeBytes: number, best: MemoryGuard = 'secret'): GuardedMemory {
  const secret = best === 'secret' ? mapSecret(sizeBytes) : undefined
  if (secret) return { bytes: secret, guard: 'secret' }
  const { pointer, bytes } = map(sizeBytes, MAP_PRIVATE_ANONYMOUS, -1) ?? refuse(sizeBytes)
  const madvise = libc('int madvise(void*, size_t, int)')
  madvise(pointer, sizeBytes, MADV_DONTDUMP)
  madvise(pointer, sizeBytes, MADV_WIPEONFORK)
  const isLocked = best !== 'open' && libc('int mlock(void*, size_t)')(pointer, sizeBytes) === 0
  return { bytes, guard: isLocked ? 'locked' : 'open' }
}

/** Undefined where this kernel has none, or allows no more. */
function mapSecret(sizeBytes: number): Uint8Array | undefined {
  const fd = libc('long syscall(long, uint)')(SYS_MEMFD_SECRET, O_CLOEXEC)
  if (fd < 0) return undefined
  try {
    ftruncateSync(fd, sizeBytes)
    const mapped = map(sizeBytes, MAP_SHARED, fd)
    if (mapped) libc('int madvise(void*, size_t, int)')(mapped.pointer, sizeBytes, MADV_DONTFORK)
    return mapped?.bytes
  } catch {
    return undefined
  } finally {
    closeSync(fd)
  }
}

function map(
  sizeBytes: number,
  flags: number,
  fd: number,
): { pointer: unknown; bytes: Uint8Array } | undefined {
  const mmap = libc('void* mmap(void*, size_t, int, int, int, int64_t)')
  const pointer: unknown = mmap(null, sizeBytes, PROT_READ_WRITE, flags, fd, 0)
  if (koffiLibrary().address(pointer) === MAP_FAILED) return undefined
  return { pointer, bytes: new Uint8Array(koffiLibrary().view(pointer, sizeBytes)) }
}

function refuse(sizeBytes: number): never {
  throw systemError(`mmap of ${sizeBytes} bytes`)
}
