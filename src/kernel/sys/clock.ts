import { libc, systemError } from './libc.ts'

const CLOCK_BOOTTIME = 7
const TIMESPEC_BYTES = 16

/**
 * Milliseconds since the machine was started, and also while it slept. Nobody can set this clock: what has to last so long
 * and no longer, whatever happens to the time of day, is counted by it.
 */
export function sinceBootMs(): number {
  const clockGettime = libc('int clock_gettime(int clock, void *time)')
  const time = Buffer.alloc(TIMESPEC_BYTES)
  if (clockGettime(CLOCK_BOOTTIME, time) !== 0) throw systemError('clock_gettime')
  return Number(time.readBigInt64LE(0)) * 1_000 + Number(time.readBigInt64LE(8)) / 1e6
}
