import { readFileSync } from 'node:fs'
import { constants } from 'node:os'
import { libc, systemError } from './libc.ts'

const PR_SET_PDEATHSIG = 1
const PR_SET_DUMPABLE = 4

function prctl(option: number, value: number): void {
  if (libc('int prctl(int, ulong, ulong, ulong, ulong)')(option, value, 0, 0, 0) !== 0)
    throw systemError('prctl')
}

/** Has the kernel send `signal` to this process once the thread that spawned it has ended. */
export function setParentDeathSignal(signal: 'SIGTERM' | 'SIGKILL'): void {
  prctl(PR_SET_PDEATHSIG, constants.signals[signal])
}

/** Keeps other processes of the same user out of this one's memory, and its memory out of core dumps. */
export function setUndumpable(): void {
  prctl(PR_SET_DUMPABLE, 0)
}

/** A pid is used again after its process has ended: only together with the start time does it name a process. */
export function isProcessAlive(pid: number): boolean {
  try {
    process.kill(pid, 0)
    return true
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'EPERM'
  }
}

/** When a process started, in clock ticks since boot. Undefined when there is none, or it is a zombie. 20-40 µs. */
export function processStartTicks(pid: number): number | undefined {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'latin1')
    // The name, in brackets, may hold blanks and brackets itself. State is the field after it, start time the 20th.
    const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ')
    return fields[0] === 'Z' || fields[0] === 'X' ? undefined : Number(fields[19])
  } catch {
    return undefined
  }
}
