import { koffiLibrary, libc, systemError } from './libc.ts'
import { addressOfWord } from './memory.ts'

/** Of the system call, by processor. */
const FUTEX = process.arch === 'arm64' ? 98 : 202
const FUTEX_WAIT = 0
const FUTEX_WAKE_OP = 5
const EVERYBODY = 0x7fff_ffff
/** For FUTEX_WAKE_OP: set the word to 0, and wake nobody else (where it had been below 0, which it never is). */
const SET_TO_ZERO = (0 << 28) | (2 << 24)
const [EINTR, EAGAIN, ETIMEDOUT] = [4, 11, 110]

/** struct timespec: seconds and nanoseconds, 64 bits each. */
const timeout = Buffer.alloc(16)

function futex(...values: readonly unknown[]): number {
  const syscall = libc('long syscall(long, size_t, int, int, uint8_t*, size_t, int)')
  return syscall(FUTEX, ...values)
}

/**
 * Puts this thread to sleep while the word of a mapping has this value, until somebody calls `futexWake` for it or the
 * time is over. False for the latter. May return early: look again at what was waited for.
 */
export function futexWait(words: Int32Array, index: number, expected: number, timeoutMs: number): boolean {
  const wholeMs = Math.max(0, Math.floor(timeoutMs))
  timeout.writeUInt32LE(Math.min(0x7fff_ffff, Math.floor(wholeMs / 1_000)), 0)
  timeout.writeUInt32LE((wholeMs % 1_000) * 1_000_000, 8)
  if (futex(addressOfWord(words, index), FUTEX_WAIT, expected, timeout, 0, 0) === 0) return true
  const errno = koffiLibrary().errno()
  if (errno === ETIMEDOUT) return false
  if (errno === EAGAIN || errno === EINTR) return true
  throw systemError('futex', errno)
}

/**
 * Sets a word of a mapping to 0 and wakes whoever sleeps on it, in one step of the kernel: a process that is killed has
 * done both or neither.
 */
export function futexWake(words: Int32Array, index: number): void {
  const address = addressOfWord(words, index)
  if (futex(address, FUTEX_WAKE_OP, EVERYBODY, null, address, SET_TO_ZERO) < 0) throw systemError('futex')
}
