import { readFileSync, readlinkSync } from 'node:fs'
import { readdir, realpath } from 'node:fs/promises'
import { isProcessAlive, processStartTicks } from '#kernel/sys'

/** What names a process for good: its number alone is given to another one after its death. */
export interface Identity {
  readonly pid: number
  /** In clock ticks since the machine was started. */
  readonly startTicks: number
}

/** Differs after each start of the machine, which starts the ticks and the numbers over. */
export function bootId(): string {
  return readFileSync('/proc/sys/kernel/random/boot_id', 'latin1').trim()
}

export function identify(pid: number): Identity | undefined {
  const startTicks = processStartTicks(pid)
  return startTicks === undefined ? undefined : { pid, startTicks }
}

export function isAlive({ pid, startTicks }: Identity): boolean {
  return isProcessAlive(pid, startTicks)
}

/** Sends a signal to that process and to no other. It may have ended meanwhile. */
export function signalTo({ pid, startTicks }: Identity, signal: NodeJS.Signals): void {
  // Not `isAlive`, to which a number is enough where one cannot look.
  if (processStartTicks(pid) !== startTicks) return
  try {
    process.kill(pid, signal)
  } catch {
    // It ended between the look and the signal, or is another user's: the caller looks again.
  }
}

/** The processes that inherited the file at `path` as their descriptor `fd`. */
export async function findHolders(path: string, fd: number): Promise<Identity[]> {
  const [names, place] = await Promise.all([readdir('/proc'), realpath(path)])
  const pids = names.filter((name) => /^\d+$/.test(name)).map(Number)
  return pids.flatMap((pid) => {
    const identity = pid !== process.pid && linksTo(pid, fd, place) ? identify(pid) : undefined
    return identity ? [identity] : []
  })
}

function linksTo(pid: number, fd: number, path: string): boolean {
  try {
    return readlinkSync(`/proc/${pid}/fd/${fd}`) === path
  } catch {
    return false
  }
}
