import type { Socket } from 'node:net'
import { libc, systemError } from './libc.ts'

const AF_UNIX = 1
const SOCK_STREAM_CLOEXEC = 1 | 0o2_000_000
const SOL_SOCKET = 1
const SO_PEERCRED = 17
/** struct ucred: pid, uid and gid, 32 bits each. */
const CREDENTIALS_BYTES = 12

/** Two connected sockets without a name, for a process and the child that inherits one of them. Close-on-exec. */
export function createSocketPair(): readonly [number, number] {
  const ends = Buffer.alloc(8)
  if (libc('int socketpair(int, int, int, _Out_ uint8_t*)')(AF_UNIX, SOCK_STREAM_CLOEXEC, 0, ends) !== 0) {
    throw systemError('socketpair')
  }
  return [ends.readInt32LE(0), ends.readInt32LE(4)]
}

/** Which process made the other end, and for which user. Throws with code ENOTSOCK or EBADF for anything else. */
export function socketMaker(fd: number): { readonly pid: number; readonly uid: number } {
  const credentials = Buffer.alloc(CREDENTIALS_BYTES)
  const sizeBytes = Buffer.alloc(4)
  sizeBytes.writeUInt32LE(CREDENTIALS_BYTES)
  const getsockopt = libc('int getsockopt(int, int, int, _Out_ uint8_t*, _Inout_ uint8_t*)')
  if (getsockopt(fd, SOL_SOCKET, SO_PEERCRED, credentials, sizeBytes) !== 0) throw systemError('getsockopt')
  return { pid: credentials.readInt32LE(0), uid: credentials.readUInt32LE(4) }
}

/** Node has no public name for it. Undefined once the socket is closed. */
export function socketDescriptor(socket: Socket): number | undefined {
  const { _handle: handle } = socket as unknown as { readonly _handle?: { readonly fd?: number } | null }
  return handle?.fd !== undefined && handle.fd >= 0 ? handle.fd : undefined
}
