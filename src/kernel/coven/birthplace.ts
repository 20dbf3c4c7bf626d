import { fstatSync, readSync, writeSync } from 'node:fs'
import { createKey, KEY_BYTES, keepSecret, moveSecret, wipe } from '#kernel/seal'
import { createSealedMemory, isSealedMemory } from '#kernel/sys'
import { RunaError } from '#protocol'

/** What the process that coven starts finds open. Below them lie its input, its output and the lock of the home. */
export const LINK_FD = 4
export const BUS_FD = 5

/** The bus that coven and gilgul share. Its first page belongs to the birth. */
const BUS_BYTES = 2 ** 20
const MARK = Buffer.from('RUNACVN\x01', 'latin1')
/** How long the two have to prove who they are. A loaded machine starts Node in seconds. */
export const PROVING_MS = 15_000

export interface Birthplace {
  readonly busFd: number
  /** The caller wipes it. */
  readonly launchKey: Buffer
}

/** A bus without a name, with a fresh launch key in it: whoever inherits it, and nobody else, can prove that it did. */
export function createBirthplace(): Birthplace {
  const busFd = createSealedMemory('runa-coven', BUS_BYTES)
  const launchKey = moveSecret(createKey())
  writeSync(busFd, Buffer.concat([MARK, launchKey]), 0, MARK.length + KEY_BYTES, 0)
  return { busFd, launchKey }
}

/** Leaves nothing of the launch key in the bus. */
export function clearBirthplace(busFd: number): void {
  writeSync(busFd, Buffer.alloc(MARK.length + KEY_BYTES), 0, MARK.length + KEY_BYTES, 0)
}

/** Takes the launch key out of the bus: it serves once. The caller wipes it. Throws COVEN_REFUSED. */
export function takeLaunchKey(busFd: number): Buffer {
  if (!isSealedMemory(busFd) || fstatSync(busFd).size !== BUS_BYTES) {
    throw new RunaError('COVEN_REFUSED', 'There is no sealed bus: this process was not started by coven.')
  }
  const bytes = Buffer.alloc(MARK.length + KEY_BYTES)
  readSync(busFd, bytes, 0, bytes.length, 0)
  const isMarked = bytes.subarray(0, MARK.length).equals(MARK)
  const launchKey = keepSecret(bytes.subarray(MARK.length))
  wipe(bytes)
  if (!isMarked)
    throw new RunaError('COVEN_REFUSED', 'The bus holds no key of a launch, or it was used before.')
  clearBirthplace(busFd)
  return launchKey
}
