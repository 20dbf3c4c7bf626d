import { fsync } from 'node:fs'
import { promisify } from 'node:util'
import { RunaError } from '#protocol'
import { checkFlag, checkOptions, checkPath } from '../segment/arguments.ts'
import { describe, type Segment } from '../segment/segment.ts'
import type { StoreParts } from '../store/parts.ts'
import type { Recovered } from './recover-store.ts'
import { type Restored, restoreInto, takeSnapshot } from './snapshot.ts'
import type { SnapshotFigures, SnapshotOptions } from './snapshot-file.ts'

/** What a member can do so that keys and values outlive the bus, or the machine's power. */
export interface Keeping {
  /** Of a bus that is to last: what this member found when it was the first to come after the power was off. */
  readonly recovered: Recovered | undefined
  /**
   * Once this is done, what was in the store when it was asked for outlives the machine's power, as long as nobody writes
   * over it. Does nothing of use for a bus in memory. Throws SYSTEM_CALL_FAILED, and SERVICE_LOST after `close`.
   */
  flush(): Promise<void>
  /**
   * Keeps all keys in a file. Rejects with BUS_EXISTS where that is there already, unless it is a snapshot and to be replaced;
   * FILE_NOT_FOUND where its folder is not there or not to be written to, DISK_FULL, or SYSTEM_CALL_FAILED.
   */
  snapshot(file: string, options?: SnapshotOptions): Promise<SnapshotFigures>
  /**
   * Puts the keys of a snapshot back, over what they are now; others stay. Throws FILE_NOT_FOUND, SNAPSHOT_BROKEN,
   * SNAPSHOT_VERSION, SNAPSHOT_FOREIGN or STORE_FULL, and then nothing has changed; but STORE_FULL also half-way, where
   * others fill the store meanwhile: then it can be called again.
   */
  restore(file: string): Promise<Restored>
}

const sync = promisify(fsync)

/** On Linux this writes what was changed through a mapping as well. It waits beside the event loop. */
async function flush({ fd, path, isClosed }: Segment): Promise<void> {
  if (isClosed) throw new RunaError('SERVICE_LOST', 'This process has left the bus.')
  try {
    await sync(fd)
  } catch (cause) {
    throw new RunaError('SYSTEM_CALL_FAILED', `${path} cannot be written to its disk: ${describe(cause)}.`, {
      cause,
    })
  }
}

/** For the first member after the power was off, it makes the index of the store anew. */
export function createKeeping(parts: StoreParts, recovered: Recovered | undefined): Keeping {
  if (recovered) parts.slots.settle()
  return {
    recovered,
    flush: () => flush(parts.segment),
    async snapshot(file, options = {}) {
      checkPath(file)
      checkOptions(options)
      checkFlag('replace', options.replace)
      return await takeSnapshot(parts, file, Date.now(), options)
    },
    async restore(file) {
      checkPath(file)
      return await restoreInto(parts, file, Date.now())
    },
  }
}
