import { readdir, readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { replaceFile } from '#kernel/journal'
import { createKey, unwrapKey, wrapKey } from '#kernel/seal'
import { RunaError } from '#protocol'

const CONTEXT = 'alethia user'
const FILE_NAME = 'user.key'

/**
 * The key over all days, wrapped in the master key: a new master key rewrites one small file. Made where the memory is
 * empty. Rejects with MEMORY_LOCKED where the master key is another, or the file is gone that the records need.
 */
export async function openUserKey(folder: string, masterKey: Uint8Array): Promise<Buffer> {
  const path = join(folder, FILE_NAME)
  const wrapped = await readIfThere(path)
  if (wrapped === undefined) {
    const names = await readdir(folder)
    if (names.some((name) => name.endsWith('.log'))) {
      throw new RunaError('MEMORY_LOCKED', `${path} is missing, and without it no record can be opened.`)
    }
    const key = createKey()
    await replaceFile(path, wrapKey(masterKey, key, CONTEXT))
    return key
  }
  try {
    return unwrapKey(masterKey, wrapped, CONTEXT)
  } catch (cause) {
    throw new RunaError('MEMORY_LOCKED', 'The master key is not the one of this memory.', { cause })
  }
}

async function readIfThere(path: string): Promise<Buffer | undefined> {
  return readFile(path).catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOENT') return undefined
    throw error
  })
}
