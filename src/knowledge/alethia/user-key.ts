import { mkdir, readdir, readFile, stat } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { replaceFile, syncFolder } from '#kernel/journal'
import { createKey, KEY_BYTES, unwrapKey, wrapKey } from '#kernel/seal'
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

/**
 * The master key out of a file that only its owner may read. It is made where neither it nor a memory exists. Rejects
 * with MEMORY_LOCKED.
 */
export async function readKeyFile(path: string, memoryFolder: string): Promise<Buffer> {
  const key = await readIfThere(path)
  if (key === undefined) return makeKeyFile(path, memoryFolder)
  const { mode } = await stat(path)
  if ((mode & 0o077) !== 0) {
    throw new RunaError('MEMORY_LOCKED', `Others may read ${path}. Take that right from them: chmod 600.`)
  }
  if (key.length !== KEY_BYTES)
    throw new RunaError('MEMORY_LOCKED', `${path} holds no key of ${KEY_BYTES} bytes.`)
  return key
}

async function makeKeyFile(path: string, memoryFolder: string): Promise<Buffer> {
  if (await readIfThere(join(memoryFolder, FILE_NAME))) {
    throw new RunaError('MEMORY_LOCKED', `${path} is missing, and the memory cannot be opened without it.`)
  }
  await mkdir(dirname(path), { recursive: true, mode: 0o700 })
  const key = createKey()
  await replaceFile(path, key)
  await syncFolder(dirname(dirname(path)))
  return key
}

async function readIfThere(path: string): Promise<Buffer | undefined> {
  return readFile(path).catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOENT') return undefined
    throw error
  })
}
