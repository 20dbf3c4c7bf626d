import { copyFile, mkdir, open, readdir, rm, stat } from 'node:fs/promises'
import { dirname, isAbsolute, join } from 'node:path'
import { explainFullDisk, syncFolder } from '#kernel/journal'
import { RunaError } from '#protocol'

/**
 * Copies the files of a memory into a new folder, sealed as they are: records into `sealed/`, keys into `keys/`. Nobody
 * may write meanwhile. What fails leaves no folder behind. Returns how many bytes were copied.
 */
export async function copyMemory(from: string, to: string): Promise<number> {
  if (!isAbsolute(to)) throw new RunaError('BAD_INPUT', 'Name the folder of the snapshot by its whole path.')
  try {
    await mkdir(to, { mode: 0o700 })
  } catch (cause) {
    const { code } = cause as NodeJS.ErrnoException
    throw new RunaError('BAD_INPUT', `The folder of the snapshot cannot be made: ${code}. It must be new.`, {
      cause,
    })
  }
  try {
    return await copyInto(from, to)
  } catch (cause) {
    await rm(to, { recursive: true })
    throw explainFullDisk(cause, 'The disk is full: there is no snapshot.')
  }
}

async function copyInto(from: string, to: string): Promise<number> {
  const names = (await readdir(from)).filter((name) => /\.(log|keys|key)$/.test(name))
  let sizeBytes = 0
  for (const kind of ['sealed', 'keys']) {
    await mkdir(join(to, kind), { mode: 0o700 })
    for (const name of names.filter((name) => name.endsWith('.log') === (kind === 'sealed'))) {
      const copy = join(to, kind, name)
      await copyFile(join(from, name), copy)
      sizeBytes += (await stat(copy)).size
      await syncFile(copy)
    }
    await syncFolder(join(to, kind))
  }
  await syncFolder(to)
  await syncFolder(dirname(to))
  return sizeBytes
}

async function syncFile(path: string): Promise<void> {
  const file = await open(path, 'r')
  try {
    await file.sync()
  } finally {
    await file.close()
  }
}
