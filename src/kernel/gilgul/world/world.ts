import { mkdirSync } from 'node:fs'
import { rm } from 'node:fs/promises'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { homeDigest } from '#kernel/home'
import { lockByte } from '#kernel/sys'
import { RunaError } from '#protocol'
import { findHolders, type Identity, signalTo } from '../identity.ts'
import { WORLD_FD } from '../keeping/launch.ts'
import type { RunState } from '../run-state/run-state.ts'

/** Services of a dead gilgul end by themselves. They are asked at once all the same, and forced after this. */
const ASKED_MS = 700
const FORCED_MS = 5_000
const LOOK_EVERY_MS = 10

/**
 * Takes the lock that a gilgul and all its services hold together, so that no process of an earlier world is left when
 * this resolves. The lock cannot lie: the kernel frees it with the last process. Services of the same ancestor share it,
 * and are found by the open file. What the state file names and what holds the file open is ended.
 */
export async function enterNewWorld(
  fd: number,
  lockPath: string,
  before: RunState | undefined,
): Promise<void> {
  const startedMs = performance.now()
  let signal: NodeJS.Signals | undefined
  while (!lockByte(fd, 0) || (await findHolders(lockPath, WORLD_FD)).length > 0) {
    const waitedMs = performance.now() - startedMs
    if (waitedMs > FORCED_MS)
      throw new RunaError('RUNNING_ALREADY', 'A process of an earlier start of Runa does not end.')
    const next = waitedMs > ASKED_MS ? 'SIGKILL' : 'SIGTERM'
    if (next !== signal) {
      for (const identity of await remnants(lockPath, before)) signalTo(identity, next)
      signal = next
    }
    await sleep(LOOK_EVERY_MS)
  }
}

async function remnants(lockPath: string, before: RunState | undefined): Promise<Identity[]> {
  const named = Object.values(before?.services ?? {}).flatMap((service) => service.process ?? [])
  return [...named, ...(await findHolders(lockPath, WORLD_FD))]
}

/** The folder of this home's bus. Nobody but its owner may enter. */
export function busFolder(parent: string, home: string): string {
  return join(parent, `runa-${homeDigest(home)}`)
}

/** Makes the folder anew, without what an earlier gilgul left in it. Only to be called in a new world. */
export async function freshBusFolder(folder: string): Promise<void> {
  try {
    await rm(folder, { recursive: true, force: true })
    mkdirSync(folder, { mode: 0o700 })
  } catch (cause) {
    const { code } = cause as NodeJS.ErrnoException
    throw new RunaError('SYSTEM_CALL_FAILED', `The folder ${folder} cannot be made: ${code}.`, { cause })
  }
}
