import {
  accessSync,
  constants,
  existsSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs'
import { dirname } from 'node:path'
import { RunaError } from '#protocol'

/** Of what is read from a file or the input, before the bus is asked whether it has room. */
const INPUT_BYTES_MAX = 2 ** 30

/** What the system said, in words that a person can act on. */
const REASONS: Readonly<Record<string, string>> = {
  EISDIR: 'it is a folder',
  ENOTDIR: 'a part of its path is no folder',
  EACCES: 'this user may not',
  EPERM: 'this user may not',
  EROFS: 'nothing can be written there',
  ELOOP: 'its links lead in a circle',
  ENAMETOOLONG: 'its name is too long',
}

/**
 * All of a file that a person named. Throws FILE_NOT_FOUND, and BAD_INPUT for a folder, what may not be read, and what is too
 * long: a path of /dev or /proc has no size to look at first, and is measured afterwards.
 */
export function readNamedFile(path: string): Buffer {
  try {
    refuseLong(statSync(path).size)
    const bytes = readFileSync(path)
    refuseLong(bytes.length)
    return bytes
  } catch (cause) {
    if (cause instanceof RunaError) throw cause
    if (codeOf(cause) === 'ENOENT') throw new RunaError('FILE_NOT_FOUND', `There is no file ${path}.`)
    throw new RunaError('BAD_INPUT', `${path} cannot be read: ${reasonOf(cause)}.`, { cause })
  }
}

/** Throws BAD_INPUT. */
export function refuseLong(sizeBytes: number): void {
  if (sizeBytes <= INPUT_BYTES_MAX) return
  throw new RunaError('BAD_INPUT', `At most ${INPUT_BYTES_MAX} bytes are read.`)
}

/** Throws BAD_INPUT where something lies there and is not to be replaced. What is no file, such as /dev/null, stays as it is. */
export function refuseToReplace(path: string, replace: boolean): void {
  if (replace || statSync(path, { throwIfNoEntry: false })?.isFile() !== true) return
  throw new RunaError(
    'BAD_INPUT',
    `There is a file ${path} already. \`--replace\` puts the new one in its place.`,
  )
}

/**
 * Writes a file of one's own that is there whole or not at all. Throws FILE_NOT_FOUND where its folder is not there,
 * DISK_FULL, and BAD_INPUT for anything else.
 */
export function writeNamedFile(path: string, bytes: Uint8Array, replace: boolean): void {
  const unfinished = `${path}.unfinished-${process.pid}`
  try {
    refuseToReplace(path, replace)
    if (statSync(path, { throwIfNoEntry: false })?.isFile() === false) writeFileSync(path, bytes)
    else {
      writeFileSync(unfinished, bytes, { mode: 0o600, flush: true } as { mode: number })
      renameSync(unfinished, path)
    }
  } catch (cause) {
    rmSync(unfinished, { force: true })
    throw notWritten(path, cause)
  }
}

function notWritten(path: string, cause: unknown): RunaError {
  if (cause instanceof RunaError) return cause
  const code = codeOf(cause)
  if (code === 'ENOENT')
    return new RunaError('FILE_NOT_FOUND', `${path} cannot be written: there is no folder ${dirname(path)}.`)
  const refusal = ['ENOSPC', 'EDQUOT'].includes(code) ? 'DISK_FULL' : 'BAD_INPUT'
  return new RunaError(refusal, `${path} cannot be written: ${reasonOf(cause)}.`, { cause })
}

/** Throws BAD_INPUT where it is a file, or may not be entered. It need not exist. */
export function refuseNoFolder(path: string): void {
  const isFolder = statSync(path, { throwIfNoEntry: false })?.isDirectory()
  if (isFolder === false) throw new RunaError('BAD_INPUT', `${path} is a file, and a folder was expected.`)
}

/** Whether something lies there. Throws BUS_FORBIDDEN where this user may not even look. */
export function isThere(path: string): boolean {
  if (existsSync(path)) return true
  try {
    accessSync(path, constants.F_OK)
  } catch (cause) {
    if (codeOf(cause) === 'EACCES')
      throw new RunaError('BUS_FORBIDDEN', `This user may not look for a bus at ${path}.`, { cause })
  }
  return false
}

function codeOf(cause: unknown): string {
  return (cause as NodeJS.ErrnoException).code ?? ''
}

function reasonOf(cause: unknown): string {
  const code = codeOf(cause)
  return REASONS[code] ?? code
}
