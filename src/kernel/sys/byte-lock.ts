import { libc, systemError } from './libc.ts'

/** Locks of the open file, not of the process: two openings in one process exclude each other as well. */
const F_OFD_GETLK = 36
const F_OFD_SETLK = 37
const F_WRLCK = 1
const F_UNLCK = 2

/** struct flock on 64-bit Linux: type and whence (16 bits each), start and length (64 bits), pid (32 bits). */
const request = Buffer.alloc(32)

function fcntl(fd: number, command: number, type: number, offset: number): number {
  request.fill(0)
  request.writeInt16LE(type, 0)
  request.writeBigInt64LE(BigInt(offset), 8)
  request.writeBigInt64LE(1n, 16)
  return libc('int fcntl(int, int, _Inout_ uint8_t*)')(fd, command, request)
}

/**
 * Takes the lock on one byte of a file, which need not exist. False where somebody else holds it. The kernel frees it
 * when `fd` is closed, which includes every death of the process: whoever holds it lives.
 */
export function lockByte(fd: number, offset: number): boolean {
  if (fcntl(fd, F_OFD_SETLK, F_WRLCK, offset) === 0) return true
  const refusal = systemError('fcntl')
  if (refusal.code === 'EAGAIN' || refusal.code === 'EACCES') return false
  throw refusal
}

export function unlockByte(fd: number, offset: number): void {
  if (fcntl(fd, F_OFD_SETLK, F_UNLCK, offset) !== 0) throw systemError('fcntl')
}

/** Whether anybody but the holder of `fd` has locked that byte: about a microsecond. */
export function isByteLocked(fd: number, offset: number): boolean {
  if (fcntl(fd, F_OFD_GETLK, F_WRLCK, offset) !== 0) throw systemError('fcntl')
  return request.readInt16LE(0) !== F_UNLCK
}
