import { setTimeout as sleep } from 'node:timers/promises'
import { isAlive, type RunState, runFiles, signalTo } from '#kernel/gilgul'
import { homePaths } from '#kernel/home'
import { call, connect } from '#kernel/service'
import { gilgulContract, RunaError } from '#protocol'
import { findRuna, isHeld } from '../connection.ts'
import { print } from '../output.ts'

const STOP_MS = 60_000
const LOOK_EVERY_MS = 25

/** Stops Runa, and returns once no process of it is left. */
export async function down({ json }: { readonly json: boolean }): Promise<void> {
  const { lock, worldLock } = runFiles(homePaths())
  const deadlineMs = performance.now() + STOP_MS
  let asked: RunState | undefined
  // The ancestor lets go of the locks, and ends a moment later.
  while (isHeld(lock) || isHeld(worldLock) || (asked && isAlive(asked.ancestor))) {
    asked ??= await ask()
    if (performance.now() > deadlineMs)
      throw new RunaError('SERVICE_FAILED', `Runa did not stop within ${STOP_MS / 1_000} s.`)
    await sleep(LOOK_EVERY_MS)
  }
  if (!asked) throw new RunaError('NOT_RUNNING')
  print({ stopped: true }, json, 'Runa has stopped.')
}

/** Who was asked; undefined where it is just being started and cannot be asked yet. */
async function ask(): Promise<RunState | undefined> {
  const state = tryFind()
  if (!state) return undefined
  try {
    const { transport, close } = await connect(state.bus, `cli-${process.pid}`)
    await call(gilgulContract, transport).shutdown({}).finally(close)
  } catch {
    // gilgul hangs or has just died. Its ancestor is asked in the way that it always hears.
    signalTo(state.ancestor, 'SIGTERM')
  }
  return state
}

function tryFind(): RunState | undefined {
  try {
    return findRuna()
  } catch {
    return undefined
  }
}
