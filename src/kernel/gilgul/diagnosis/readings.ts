import {
  accessSync,
  closeSync,
  constants,
  openSync,
  readFileSync,
  readSync,
  statfsSync,
  statSync,
} from 'node:fs'
import { findPortHolder } from '#kernel/sys'
import type { DiskFinding, Evidence, ModelFinding, PortFinding } from './evidence.ts'

const GGUF_MAGIC = 'GGUF'

export function findFile(path: string): NonNullable<Evidence['file']> {
  try {
    accessSync(path, constants.R_OK)
    return { path, state: 'there' }
  } catch (error) {
    return { path, state: stateOf(error) }
  }
}

function stateOf(error: unknown): 'missing' | 'forbidden' {
  const { code = '' } = error as NodeJS.ErrnoException
  return ['EACCES', 'EPERM'].includes(code) ? 'forbidden' : 'missing'
}

/** `sizeBytes`: that it had when it was added, where that is known. */
export function findModel(path: string, sizeBytes: number | undefined): ModelFinding {
  let fd: number
  try {
    fd = openSync(path, 'r')
  } catch (error) {
    return { path, state: stateOf(error) }
  }
  try {
    const magic = Buffer.alloc(GGUF_MAGIC.length)
    readSync(fd, magic, 0, magic.length, 0)
    if (magic.toString('latin1') !== GGUF_MAGIC) return { path, state: 'no-model' }
    const isCut = sizeBytes !== undefined && statSync(path).size !== sizeBytes
    return { path, state: isCut ? 'cut' : 'whole' }
  } catch {
    return { path, state: 'no-model' }
  } finally {
    closeSync(fd)
  }
}

export function findRoom(folder: string): DiskFinding[] {
  try {
    const { bavail, bsize, files, ffree } = statfsSync(folder)
    // A disk may have room, and no place for another name.
    const isFullOfNames = files > 0 && ffree === 0
    return [{ folder, freeBytes: isFullOfNames ? 0 : bavail * bsize }]
  } catch {
    return []
  }
}

/** A process with the name of this service in its environment is left of an earlier one: the last has just ended. */
export async function findPort(port: number, service: string, home: string): Promise<PortFinding> {
  const holder = await findPortHolder(port)
  if (!holder) return { port, holder: undefined }
  return { port, holder: { ...holder, isOrphan: isOf(holder.pid, service, home) } }
}

function isOf(pid: number, service: string, home: string): boolean {
  try {
    const environment = readFileSync(`/proc/${pid}/environ`, 'latin1').split('\0')
    return environment.includes(`RUNA_SERVICE=${service}`) && environment.includes(`RUNA_HOME=${home}`)
  } catch {
    return false
  }
}
