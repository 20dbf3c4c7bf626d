import { open } from 'node:fs/promises'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { lockByte, makeFolders } from '#kernel/sys'
import { RunaError } from '#protocol'

/** Whoever was killed a moment ago may still be dying. */
const PATIENCE_MS = 2_000
const LOOK_EVERY_MS = 20

export interface FolderLock {
  release(): Promise<void>
}

/**
 * Holds a memory's folder for this process alone, until it is released or the process is dead: two who append would
 * break the chain. The folder is made where there is none. Rejects with MEMORY_IN_USE.
 */
export async function lockFolder(folder: string, patienceMs: number = PATIENCE_MS): Promise<FolderLock> {
  makeFolders(folder)
  const file = await open(join(folder, 'lock'), 'a+', 0o600)
  const endMs = performance.now() + patienceMs
  try {
    while (!lockByte(file.fd, 0)) {
      if (performance.now() > endMs) throw new RunaError('MEMORY_IN_USE')
      await sleep(LOOK_EVERY_MS)
    }
  } catch (error) {
    await file.close()
    throw error
  }
  return { release: () => file.close() }
}
