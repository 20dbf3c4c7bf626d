import { closeSync, mkdirSync, openSync } from 'node:fs'
import { rm } from 'node:fs/promises'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { homeDigest } from '#kernel/home'
import { lockByte } from '#kernel/sys'
import { RunaError } from '#protocol'
import { findHolders, type Identity, signalTo } from '../identity.ts'
import { WORLD_FD } from '../keeping/launch.ts'
import type { RunState } from '../run-state.ts'

/** Services of a dead gilgul end by themselves. They are asked at once all the same, and forced after this. */
const ASKED_MS = 700
const FORCED_MS = 5_000
const LOOK_EVERY_MS = 10

/**
 * Takes the lock that a gilgul and all its services hold together, so that no process of an earlier one is left when
 * this resolves. The lock cannot lie: the kernel frees it with the last process. What the state file names and what
 * holds the file open is ended. Returns the open file, to be inherited by the services of the new world.
 */
export async function enterNewWorld(lockPath: string, before: RunState | undefined): Promise<number> {
  const fd = openSync(lockPath, 'a+', 0o600)
  const startedMs = performance.now()
  let signal: NodeJS.Signals | undefined
  while (!lockByte(fd, 0)) {
    const waitedMs = performance.now() - startedMs
    if (waitedMs > FORCED_MS) {
      closeSync(fd)
      throw new RunaError('RUNNING_ALREADY', 'A process of an earlier start of Runa does not end.')
    }
    const next = waitedMs > ASKED_MS ? 'SIGKILL' : 'SIGTERM'
    if (next !== signal) {
      for (const identity of await remnants(lockPath, before)) signalTo(identity, next)
      signal = next
    }
    await sleep(LOOK_EVERY_MS)
  }
  return fd
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
