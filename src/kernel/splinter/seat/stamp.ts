import { isByteLocked } from '#kernel/sys'
import { RunaError } from '#protocol'
import type { Segment } from '../segment/segment.ts'

/** Where in the file the members' locks lie, a byte each: beyond the end of any segment, so they cover no memory. */
export const LOCKED_BYTES = 2 ** 40

const GENERATIONS = 2 ** 23

/** One life of one row of the process table: never 0, and never the same for two processes. */
export function stampOf(row: number, generation: number): number {
  return ((generation % GENERATIONS) << 8) | (row + 1)
}

export function rowOfStamp(stamp: number): number {
  return (stamp & 0xff) - 1
}

/**
 * Whether the process with that stamp lives. The kernel frees its lock however it dies, and a later holder of the
 * same row has another stamp. About a microsecond. One's own lock does not show: ask this of others only.
 */
export function isMemberAlive({ words, layout, fd, isClosed }: Segment, stamp: number): boolean {
  if (isClosed) throw new RunaError('SERVICE_LOST', 'This process has left the bus.')
  const row = rowOfStamp(stamp)
  if (row < 0 || row >= layout.membersMax) return false
  const generation = Atomics.load(words, (layout.members + row * layout.memberBytes) >> 2)
  return generation === stamp >> 8 && isByteLocked(fd, LOCKED_BYTES + row)
}
