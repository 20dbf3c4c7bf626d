import { createHash } from 'node:crypto'
import { constants, createReadStream } from 'node:fs'
import { copyFile, open, rename, rm, stat } from 'node:fs/promises'
import { basename, join } from 'node:path'
import { explainFullDisk } from '#kernel/journal'
import { RunaError } from '#protocol'

/** SHA-256 of a file of any size, in hex. */
export async function digestFile(path: string, signal: AbortSignal): Promise<string> {
  const hash = createHash('sha256')
  for await (const piece of createReadStream(path, { highWaterMark: 2 ** 20, signal })) hash.update(piece)
  return hash.digest('hex')
}

/** An id made of the file's name: `Small Model-Q4.gguf` → `Small-Model-Q4`. */
export function idFromPath(path: string): string {
  const name = basename(path).replace(/\.gguf$/i, '')
  const id = name
    .replace(/[^a-zA-Z0-9._-]+/g, '-')
    .replace(/^[^a-zA-Z0-9]+/, '')
    .slice(0, 64)
  return id || 'model'
}

/**
 * Copies a model into Runa's own folder: whole and safe on the disk, or not at all. Gives the new path. Rejects with
 * MODEL_EXISTS where a file lies there already: it may be the very one that is to be copied.
 */
export async function copyModel(from: string, folder: string, id: string): Promise<string> {
  const path = join(folder, `${id}.gguf`)
  const temporary = `${path}.part`
  if (await fileState(path)) {
    const advice = 'Add it without a copy, or give another id.'
    throw new RunaError('MODEL_EXISTS', `${path} is there already, and is not overwritten. ${advice}`)
  }
  try {
    // Where the file system can share the blocks of both files, nothing is copied at all.
    await copyFile(from, temporary, constants.COPYFILE_FICLONE)
    const file = await open(temporary, 'r+')
    try {
      await file.sync()
    } finally {
      await file.close()
    }
    await rename(temporary, path)
    return path
  } catch (cause) {
    await rm(temporary, { force: true })
    throw copyFault(cause as NodeJS.ErrnoException, from)
  }
}

function copyFault(cause: NodeJS.ErrnoException, from: string): RunaError {
  const known = explainFullDisk(cause, `There is no room for a copy of ${from}.`)
  if (known instanceof RunaError) return known
  return new RunaError('FILE_NOT_FOUND', `${from} cannot be copied: ${cause.code}.`, { cause })
}

export interface FileState {
  readonly sizeBytes: number
  readonly changedAt: number
}

/** Undefined where there is no such file any more. */
export async function fileState(path: string): Promise<FileState | undefined> {
  const state = await stat(path).catch(() => undefined)
  return state?.isFile() ? { sizeBytes: state.size, changedAt: Math.floor(state.mtimeMs) } : undefined
}
