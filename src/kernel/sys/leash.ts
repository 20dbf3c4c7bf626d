import { constants as files, openSync } from 'node:fs'
import { constants as system } from 'node:os'
import { libc } from './libc.ts'

const F_GETFL = 3
const F_SETFL = 4
const F_SETOWN = 8
const F_SETSIG = 10
const O_ASYNC = 0o20_000

/**
 * Opens the end of a pipe from which nothing is ever read anew, so that it can be made a leash of its own. The caller closes
 * it, once a child has inherited it.
 */
export function openLeash(readEnd: number): number {
  return openSync(`/proc/self/fd/${readEnd}`, files.O_RDONLY | files.O_NONBLOCK)
}

/**
 * Has the kernel send `signal` to the group of a process once nobody holds the other end of the pipe any more, whoever died
 * and however. It holds for as long as one of the group has `leash` open, and nothing may be written to the pipe. (See
 * F_SETOWN and F_SETSIG in fcntl(2).) False where the system refuses.
 */
export function tieLeash(leash: number, group: number, signal: 'SIGTERM' | 'SIGKILL'): boolean {
  const fcntl = libc('int fcntl(int, int, int)')
  const settings = [
    [F_SETOWN, -group],
    [F_SETSIG, system.signals[signal]],
    [F_SETFL, fcntl(leash, F_GETFL, 0) | O_ASYNC],
  ] as const
  return settings.every(([command, value]) => fcntl(leash, command, value) >= 0)
}
