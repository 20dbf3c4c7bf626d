import { closeSync } from 'node:fs'
import { type ExitStatus, exitStatusOf } from './child.ts'
import { libc } from './libc.ts'
import { zombieStatus } from './process.ts'

const SYS_PIDFD_OPEN = 434
/** _IOWR(0xFF, 11, struct pidfd_info) of its first size, and the flag that asks for the exit status: Linux 6.15. */
const PIDFD_GET_INFO = 0xc048_ff0b
const INFO_BYTES = 0x48
const PIDFD_INFO_EXIT = 8n
const EXIT_CODE_AT = 60

/** A process that is nobody's child here, and stays the same one whoever is given its number later. */
export interface ProcessHandle {
  /** How it ended; undefined while it lives, and where this kernel does not tell. */
  exitStatus(): ExitStatus | undefined
  close(): void
}

/** Undefined where there is no such process, or the kernel has no such handles. */
export function openProcess(pid: number): ProcessHandle | undefined {
  const fd = libc('long syscall(long, long, long, long)')(SYS_PIDFD_OPEN, pid, 0, 0)
  if (fd < 0) return undefined
  return {
    exitStatus() {
      const lying = zombieStatus(pid)
      if (lying !== undefined) return exitStatusOf(lying)
      const info = Buffer.alloc(INFO_BYTES)
      info.writeBigUInt64LE(PIDFD_INFO_EXIT, 0)
      const asked = libc('int ioctl(int, ulong, _Inout_ uint8_t*)')(fd, PIDFD_GET_INFO, info)
      const isKnown = asked === 0 && (info.readBigUInt64LE(0) & PIDFD_INFO_EXIT) !== 0n
      return isKnown ? exitStatusOf(info.readInt32LE(EXIT_CODE_AT)) : undefined
    },
    close: () => closeSync(fd),
  }
}
