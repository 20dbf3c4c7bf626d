import { libc, systemError } from './libc.ts'

const SYSCALL_NUMBER = process.arch === 'arm64' ? 98 : 202
const FUTEX_WAIT = 0
const FUTEX_WAKE = 1
const SYSCALL = 'long syscall(long, uint64_t, int, int, uint8_t*, uint64_t, int)'

const timeout = Buffer.alloc(16)

/**
 * Blocks this thread while the 32-bit word at `address` holds `expected`, until it is woken or the time is over.
 * Returns false when the time was over. Only for threads that may block: an event loop stands still meanwhile.
 */
export function futexWait(address: bigint, expected: number, timeoutMs: number): boolean {
  timeout.writeBigInt64LE(BigInt(Math.floor(timeoutMs / 1_000)), 0)
  timeout.writeBigInt64LE(BigInt(Math.round((timeoutMs % 1_000) * 1e6)), 8)
  if (libc(SYSCALL)(SYSCALL_NUMBER, address, FUTEX_WAIT, expected, timeout, 0n, 0) === 0) return true
  const refusal = systemError('futex')
  if (refusal.code === 'ETIMEDOUT') return false
  // The word had changed already, or a signal came: either way the caller has to look again.
  if (refusal.code === 'EAGAIN' || refusal.code === 'EINTR') return true
  throw refusal
}

/** Wakes at most `count` threads, of any process, that wait on the word at `address`. Returns how many it woke. */
export function futexWake(address: bigint, count: number): number {
  return libc(SYSCALL)(SYSCALL_NUMBER, address, FUTEX_WAKE, count, null, 0n, 0)
}
