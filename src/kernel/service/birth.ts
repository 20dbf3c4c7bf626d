import { closeSync, fstatSync, readSync, writeSync } from 'node:fs'
import { wipe } from '#kernel/seal'
import { createSealedMemory, isSealedMemory } from '#kernel/sys'
import { RunaError } from '#protocol'
import { type Birth, decodeBirth, encodeBirth, TABLE_BYTES_MAX } from './birth-table.ts'

/** Where a service finds what it was given at its birth. */
const BIRTH_FD = 4

/** Memory without a name that holds `birth`, for one child that inherits it. The caller closes the descriptor. */
export function createBirth(birth: Birth): number {
  const bytes = encodeBirth(birth)
  const fd = createSealedMemory('runa-birth', bytes.length)
  try {
    writeSync(fd, bytes, 0, bytes.length, 0)
    return fd
  } catch (error) {
    closeSync(fd)
    throw error
  } finally {
    wipe(bytes)
  }
}

/**
 * Takes what this process was given at its birth: it can be read once, since it is overwritten. Without any, as in tests
 * and programs that are started by hand, there are no keys. Throws BIRTH_INVALID.
 */
export function takeBirth(fd = BIRTH_FD): Birth {
  // Any process may have something else open under that number: only what gilgul makes is sealed memory.
  if (!isSealedMemory(fd)) return { identity: undefined, words: new Map() }
  const bytes = Buffer.alloc(fstatSync(fd).size)
  try {
    if (bytes.length > TABLE_BYTES_MAX) throw new RunaError('BIRTH_INVALID')
    readSync(fd, bytes, 0, bytes.length, 0)
    const birth = decodeBirth(bytes)
    writeSync(fd, Buffer.alloc(bytes.length), 0, bytes.length, 0)
    return birth
  } finally {
    wipe(bytes)
    closeSync(fd)
  }
}
