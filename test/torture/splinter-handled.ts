import { closeSync, openSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { allocateFile, mapFile } from '#kernel/sys'

export const HANDLED_MAX = 1_000_000

/** How often each message was handled, in memory that outlives who does. */
export function openHandled(busPath: string, isNew = false): Int32Array {
  const fd = openSync(join(dirname(busPath), 'handled'), isNew ? 'wx+' : 'r+', 0o600)
  if (isNew) allocateFile(fd, HANDLED_MAX * 4)
  const words = new Int32Array(mapFile(fd))
  closeSync(fd)
  return words
}

/** Where a life keeps its snapshots. */
export function snapshotPath(busPath: string, life: number): string {
  return join(dirname(busPath), `snapshot-${life}`)
}
