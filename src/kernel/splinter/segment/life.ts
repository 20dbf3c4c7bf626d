import { createHash, randomInt } from 'node:crypto'
import { fstatSync, readFileSync } from 'node:fs'
import { RunaError } from '#protocol'

export const LIFE_WORDS = 4

/** Far more than there are in one life of a bus, and few enough to go on from for long. */
const GENERATIONS_APART = 2 ** 22

/**
 * Where the generations of a row begin, for members of a bus whose secret may be older than itself: what was sealed for one
 * life of one process then meets no other life that is called the same.
 */
export function drawGeneration(): number {
  return randomInt(GENERATIONS_APART)
}

/** Drawn anew at each start of the machine; undefined where the system does not say. */
function readBootId(): string | undefined {
  try {
    return readFileSync('/proc/sys/kernel/random/boot_id', 'latin1').trim()
  } catch {
    return undefined
  }
}

/**
 * What the memory of a bus can be trusted over: one start of the machine and, if the bus is to last, one file. A copy of
 * a file that was in use is as torn as what a power cut leaves. Throws BUS_PLACE_UNFIT where a lasting bus could not tell.
 */
export function lifeOf(path: string, fd: number, persistent: boolean): Int32Array<ArrayBuffer> {
  const bootId = readBootId()
  if (bootId === undefined && persistent) {
    const message = `This system does not say when it was started, so that nobody can tell whether ${path} is sound.`
    throw new RunaError('BUS_PLACE_UNFIT', message)
  }
  const file = persistent ? fstatSync(fd).ino : 'any'
  const digest = createHash('sha256')
    .update(`${bootId ?? 'unknown'} ${file}`)
    .digest()
  return new Int32Array(Uint8Array.from(digest.subarray(0, LIFE_WORDS * 4)).buffer)
}
