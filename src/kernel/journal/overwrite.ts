import { type FileHandle, open, rm } from 'node:fs/promises'

const PIECE = Buffer.alloc(2 ** 20)

/** Zeros where the file lies. A best effort: a drive or file system may have kept older copies of its blocks. */
export async function overwriteFile(file: FileHandle): Promise<void> {
  const { size } = await file.stat()
  for (let offset = 0; offset < size; offset += PIECE.length) {
    await file.write(PIECE, 0, Math.min(PIECE.length, size - offset), offset)
  }
  await file.datasync()
}

/** Overwrites a file, then takes its name away. No file: nothing to do. */
export async function destroyFile(path: string): Promise<void> {
  const file = await open(path, 'r+').catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOENT') return undefined
    throw error
  })
  if (!file) return
  try {
    await overwriteFile(file)
  } finally {
    await file.close()
  }
  await rm(path, { force: true })
}
