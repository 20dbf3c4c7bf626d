import { closeSync, constants, openSync, readSync } from 'node:fs'

const RECORD_BYTES_MAX = 8_192
/** The ring of a kernel holds fewer. */
const RECORDS_MAX = 100_000

/**
 * Whether the kernel says in its log that it killed this process for want of memory. `startedMs`: since boot; what was
 * said before speaks of another of that number. False also where this user may not read it.
 */
export function wasKilledForMemory(pid: number, startedMs: number): boolean {
  let fd: number
  try {
    fd = openSync('/dev/kmsg', constants.O_RDONLY | constants.O_NONBLOCK)
  } catch {
    return false
  }
  try {
    for (let record = 0; record < RECORDS_MAX; record += 1) {
      const text = readRecord(fd)
      if (text === undefined) return false
      const [head = '', said = ''] = text.split(';', 2)
      if (said.includes(`Killed process ${pid} `) && Number(head.split(',')[2]) / 1_000 >= startedMs)
        return true
    }
    return false
  } finally {
    closeSync(fd)
  }
}

/** Undefined where there is no more. */
function readRecord(fd: number): string | undefined {
  const bytes = Buffer.alloc(RECORD_BYTES_MAX)
  try {
    return bytes.toString('utf8', 0, readSync(fd, bytes))
  } catch (error) {
    // The oldest were overwritten meanwhile: the next read goes on behind the gap.
    return (error as NodeJS.ErrnoException).code === 'EPIPE' ? '' : undefined
  }
}
