import { closeSync, constants, fstatSync, openSync, readSync } from 'node:fs'
import { mapFile } from '#kernel/sys'
import { RunaError } from '#protocol'
import { decodeHeader, HEADER_BYTES_READ, type Header } from './header.ts'
import { refusalOf } from './place.ts'

/** One memory, seen as what each part needs. */
export interface Segment extends Header {
  readonly path: string
  /** What the names of the pipes of this very file begin with: another may get its path while members are attached. */
  readonly pipes: string
  /** Open as long as the member is attached: its locks hang on it. */
  readonly fd: number
  /** By then, its number may be that of another file. */
  isClosed: boolean
  readonly bytes: Buffer
  readonly words: Int32Array
  readonly floats: Float64Array
  readonly integers: BigInt64Array
}

export function describe(error: unknown): string {
  return (error as NodeJS.ErrnoException).code ?? String(error)
}

/**
 * Maps an existing bus. Throws NOT_RUNNING where there is none, BUS_CORRUPT or BUS_VERSION where it cannot be
 * understood, BUS_FORBIDDEN where it is not this user's alone, since then somebody else may have put it there, and
 * BUS_NO_SPACE where this process may not map so much.
 */
export function openSegment(path: string): Segment {
  const mapped = openOrThrow(path)
  let sizeBytes = 0
  try {
    const found = fstatSync(mapped)
    if (!found.isFile()) throw new RunaError('BUS_CORRUPT', `${path} is no file, and no bus of Runa.`)
    if (found.uid !== process.getuid?.()) {
      throw new RunaError('BUS_FORBIDDEN', `${path} belongs to another user (uid ${found.uid}).`)
    }
    if ((found.mode & 0o077) !== 0) {
      throw new RunaError('BUS_FORBIDDEN', `${path} does not belong to you alone: others may open it.`)
    }
    sizeBytes = found.size
    const header = Buffer.alloc(HEADER_BYTES_READ)
    const length = readSync(mapped, header, 0, header.length, 0)
    const said = decodeHeader(path, header.subarray(0, length), sizeBytes)
    const memory = mapFile(mapped)
    // A mapping keeps its opening of the file, and the locks on that, after the descriptor is closed. So the locks get
    // an opening of their own: of this very file, whatever may have its name by now.
    return mapSegment(path, openSync(`/proc/self/fd/${mapped}`, 'r+'), said, memory)
  } catch (error) {
    if (error instanceof RunaError) throw error
    const refusal = refusalOf(path, sizeBytes, error)
    if (refusal) throw refusal
    const message = `The bus ${path} cannot be mapped: ${describe(error)}.`
    throw new RunaError('SYSTEM_CALL_FAILED', message, { cause: error })
  } finally {
    closeSync(mapped)
  }
}

/** Frees the locks that hang on it. The memory stays mapped. */
export function closeSegment(segment: Segment): void {
  segment.isClosed = true
  closeSync(segment.fd)
}

function openOrThrow(path: string): number {
  try {
    return openSync(path, constants.O_RDWR | constants.O_NOFOLLOW | constants.O_NONBLOCK)
  } catch (cause) {
    const { code } = cause as NodeJS.ErrnoException
    if (code === 'ENOENT') {
      throw new RunaError('NOT_RUNNING', `Runa is not running: there is no bus at ${path}.`, { cause })
    }
    const why = code === 'ELOOP' ? 'it is a link, and somebody may have put it there' : describe(cause)
    throw new RunaError('BUS_FORBIDDEN', `The bus ${path} cannot be opened: ${why}.`, { cause })
  }
}

function mapSegment(path: string, fd: number, header: Header, memory: ArrayBuffer): Segment {
  return {
    path,
    pipes: `${path}.${fstatSync(fd).ino}`,
    fd,
    isClosed: false,
    ...header,
    bytes: Buffer.from(memory),
    words: new Int32Array(memory),
    floats: new Float64Array(memory),
    integers: new BigInt64Array(memory),
  }
}
