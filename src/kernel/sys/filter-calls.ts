import { koffiLibrary, libc, systemError } from './libc.ts'

const PR_GET_SECCOMP = 21
const PR_SET_SECCOMP = 22
const SECCOMP_MODE_FILTER = 2
/** struct sock_filter. */
const INSTRUCTION_BYTES = 8
/** struct sock_fprog: how many instructions, and where they are. */
const PROGRAM_BYTES = 16

/** Whether this kernel can filter calls. */
export function canFilterCalls(): boolean {
  return libc('int prctl(int, ulong, ulong, ulong, ulong)')(PR_GET_SECCOMP, 0, 0, 0, 0) >= 0
}

/**
 * Has the kernel ask this filter, instructions of classic BPF, about each call of this thread, of the programs that it
 * becomes, and of all that they start. There is no way back. `setNoNewRights` goes before it. Throws as the system does.
 */
export function filterCalls(filter: Uint8Array): void {
  const instructions = place(filter)
  const program = Buffer.alloc(PROGRAM_BYTES)
  program.writeUInt16LE(filter.length / INSTRUCTION_BYTES, 0)
  program.writeBigUInt64LE(instructions, 8)
  const prctl = libc('int prctl(int, ulong, uint8_t*, ulong, ulong)')
  if (prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, program, 0, 0) !== 0)
    throw systemError('prctl(PR_SET_SECCOMP)')
}

/** Where the garbage collector moves nothing. It stays there until the process becomes another program. */
function place(bytes: Uint8Array): bigint {
  const pointer: unknown = libc('void* malloc(size_t)')(bytes.length)
  const address = koffiLibrary().address(pointer)
  if (address === 0n) throw systemError('malloc')
  new Uint8Array(koffiLibrary().view(pointer, bytes.length)).set(bytes)
  return address
}
