import { accessSync, constants, statSync } from 'node:fs'
import { setTimeout as sleep } from 'node:timers/promises'
import { ROOM_BYTES_MIN } from '../diagnosis/evidence.ts'
import { findRoom } from '../diagnosis/readings.ts'
import { type Identity, isAlive, signalTo } from '../identity.ts'

/** A look is a few calls of the system: often enough that nobody waits for it. */
const LOOK_EVERY_MS = 1_000

/** Between two starts that find no room, or that the system refuses: doubled each time, up to the second. */
const TRY_PAUSE_FIRST_MS = 500
const TRY_PAUSE_MAX_MS = 30_000

/** Between the wish that it ends and the force. */
const ORPHAN_ASKED_MS = 1_000
const ORPHAN_LOOK_MS = 20

/** Resolves once one of the files is another than it was, or is there, or is gone; or when the signal fires. */
export async function untilChanged(paths: readonly string[], signal: AbortSignal): Promise<void> {
  const before = paths.map(signatureOf)
  while (!signal.aborted) {
    await sleep(LOOK_EVERY_MS, undefined, { signal, ref: false }).catch(() => {})
    if (paths.some((path, index) => signatureOf(path) !== before[index])) return
  }
}

function signatureOf(path: string): string {
  try {
    const { ino, size, mtimeMs, mode, uid } = statSync(path)
    return [ino, size, mtimeMs, mode, uid, mayRead(path)].join(' ')
  } catch (error) {
    return (error as NodeJS.ErrnoException).code ?? ''
  }
}

function mayRead(path: string): boolean {
  try {
    accessSync(path, constants.R_OK)
    return true
  } catch {
    return false
  }
}

/** Resolves after a while, which is longer the more tries have been in vain before. */
export async function pauseBefore(tries: number, signal: AbortSignal): Promise<void> {
  await sleep(growingPauseMs(tries), undefined, { signal, ref: false }).catch(() => {})
}

function growingPauseMs(tries: number): number {
  return Math.min(TRY_PAUSE_MAX_MS, TRY_PAUSE_FIRST_MS * 2 ** tries)
}

/** Resolves once there is room in all of the folders. `waits`: so many have been in vain before. */
export async function untilRoom(
  folders: readonly string[],
  waits: number,
  signal: AbortSignal,
): Promise<void> {
  let pauseMs = growingPauseMs(waits)
  do {
    await sleep(pauseMs, undefined, { signal, ref: false }).catch(() => {})
    pauseMs = LOOK_EVERY_MS
  } while (!signal.aborted && folders.flatMap(findRoom).some(({ freeBytes }) => freeBytes < ROOM_BYTES_MIN))
}

/** Asks it to end, and forces it. It may be gone already. */
export async function endOrphan(orphan: Identity, signal: AbortSignal): Promise<void> {
  const startedMs = performance.now()
  signalTo(orphan, 'SIGTERM')
  while (isAlive(orphan) && !signal.aborted) {
    if (performance.now() - startedMs > ORPHAN_ASKED_MS) signalTo(orphan, 'SIGKILL')
    await sleep(ORPHAN_LOOK_MS, undefined, { signal, ref: false }).catch(() => {})
  }
}
