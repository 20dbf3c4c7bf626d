import { setTimeout as sleep } from 'node:timers/promises'
import { lockByte } from '#kernel/sys'
import { RunaError } from '#protocol'
import { isAlive } from '../identity.ts'
import { type RunState, runningSentence } from '../run-state/run-state.ts'

/** A gilgul whose ancestor was ended by force stops its services, which takes moments. */
const PATIENCE_MS = 15_000
const LOOK_EVERY_MS = 20

/**
 * Takes the lock of a home: one Runa a home. The file of the lock means nothing, only its being held does; the kernel
 * frees it with the last process that has it open. Rejects with RUNNING_ALREADY.
 */
export async function lockHome(fd: number, running: RunState | undefined): Promise<void> {
  const startedMs = performance.now()
  while (!lockByte(fd, 0)) {
    const isEnding = running !== undefined && !isAlive(running.ancestor)
    if (!isEnding || performance.now() - startedMs > PATIENCE_MS)
      throw new RunaError('RUNNING_ALREADY', runningSentence(running))
    await sleep(LOOK_EVERY_MS)
  }
}
