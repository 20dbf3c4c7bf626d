import { closeSync, fstatSync, openSync, readSync } from 'node:fs'
import { rename } from 'node:fs/promises'
import { dirname } from 'node:path'
import { destroyFile, replaceFile, syncFolder } from '#kernel/journal'
import { createKey, KEY_BYTES, secretRoom, wipe } from '#kernel/seal'
import { RunaError } from '#protocol'

/** Where the file lies that opens the vault once that has a new root key. */
export function nextKeyFile(path: string): string {
  return `${path}.next`
}

/** The vault opens with the new file from now on: the old one is overwritten, and its name is given to the new one. */
export async function takeNextKeyFile(path: string): Promise<void> {
  await destroyFile(path)
  await rename(nextKeyFile(path), path)
  await syncFolder(dirname(path))
}

/** Only for a vault that is being made: a key that was lost must never be replaced by one that opens nothing. */
export async function makeKeyFile(path: string): Promise<void> {
  const key = createKey()
  try {
    await replaceFile(path, key)
  } finally {
    wipe(key)
  }
}

/** The caller wipes it. Throws VAULT_KEY_MISSING. */
export function readKeyFile(path: string): Buffer {
  const key = readSecretFile(path)
  // Zeros are what is left of one that was destroyed, where the power went before its name was gone.
  if (key.length === KEY_BYTES && key.some((byte) => byte !== 0)) return key
  throw new RunaError('VAULT_KEY_MISSING', `${path} is no key file of a vault.`)
}

/** Straight into guarded memory: a longer file is cut. Throws VAULT_KEY_MISSING. */
function readSecretFile(path: string): Buffer {
  let fd: number | undefined
  try {
    fd = openSync(path, 'r')
    const room = secretRoom(Math.min(fstatSync(fd).size, KEY_BYTES + 1))
    readSync(fd, room)
    return room
  } catch (cause) {
    throw new RunaError('VAULT_KEY_MISSING', `The key file ${path} cannot be read.`, { cause })
  } finally {
    if (fd !== undefined) closeSync(fd)
  }
}
