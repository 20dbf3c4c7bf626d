import { createHash } from 'node:crypto'
import { constants } from 'node:fs'
import { type FileHandle, link, open, rename, rm, stat } from 'node:fs/promises'
import { dirname } from 'node:path'
import { RunaError } from '#protocol'
import { removeUnfinished, unfinishedName } from '../segment/unfinished.ts'
import {
  DIGEST_BYTES,
  decodeHead,
  decodeRecordHead,
  END_BYTES,
  encodeEnd,
  encodeHead,
  encodeRecord,
  HEAD_BYTES,
  isSnapshot,
  RECORD_BYTES,
  type SnapshotHead,
  type SnapshotRecord,
} from './snapshot-format.ts'

const CHUNK_BYTES = 2 ** 20

export interface SnapshotOptions {
  /** Takes the place of an older snapshot. Anything else stays. */
  readonly replace?: boolean
}

export interface SnapshotFigures {
  readonly keys: number
  readonly sizeBytes: number
  /** Of everything before the digest itself, in hexadecimal. */
  readonly sha256: string
}

/**
 * Writes a snapshot aside, and gives it its name once it is whole and on the disk: whoever dies meanwhile leaves an older
 * one as it was. Throws BUS_EXISTS where there is something already that is no snapshot, or one that is not to be replaced;
 * FILE_NOT_FOUND for a folder that is not there or not to be written to, DISK_FULL, or SYSTEM_CALL_FAILED.
 */
export async function writeSnapshot(
  file: string,
  head: SnapshotHead,
  records: Iterable<SnapshotRecord>,
  { replace = false }: SnapshotOptions = {},
): Promise<SnapshotFigures> {
  const unfinished = unfinishedName(file)
  try {
    await refuseToReplace(file, replace)
    removeUnfinished(file)
    const handle = await open(unfinished, 'wx', 0o600)
    let figures: SnapshotFigures
    try {
      figures = await writeRecords(handle, head, records)
      await handle.sync()
    } finally {
      await handle.close()
    }
    await giveName(unfinished, file, replace)
    await syncFolderOf(file)
    return figures
  } catch (error) {
    // Where it could not even be made, it cannot be removed.
    await rm(unfinished, { force: true }).catch(() => {})
    throw asRefusal(`The snapshot ${file} cannot be written`, error)
  }
}

async function writeRecords(
  handle: FileHandle,
  head: SnapshotHead,
  records: Iterable<SnapshotRecord>,
): Promise<SnapshotFigures> {
  const hash = createHash('sha256')
  let waiting: Uint8Array[] = []
  let waitingBytes = 0
  let sizeBytes = 0
  let keys = 0

  async function write(bytes: Uint8Array): Promise<void> {
    waiting.push(bytes)
    waitingBytes += bytes.length
    if (waitingBytes >= CHUNK_BYTES) await drain()
  }

  async function drain(): Promise<void> {
    const chunk = Buffer.concat(waiting)
    hash.update(chunk)
    await handle.appendFile(chunk)
    sizeBytes += chunk.length
    waiting = []
    waitingBytes = 0
  }

  await write(encodeHead(head))
  for (const record of records) {
    await write(encodeRecord(record))
    if (record.value) await write(record.value)
    keys += 1
  }
  await write(encodeEnd(keys))
  await drain()
  const digest = hash.digest()
  await handle.appendFile(digest)
  return { keys, sizeBytes: sizeBytes + digest.length, sha256: digest.toString('hex') }
}

/** Never over what came there meanwhile, unless it is to be replaced. */
async function giveName(unfinished: string, file: string, replace: boolean): Promise<void> {
  if (replace) return rename(unfinished, file)
  try {
    await link(unfinished, file)
  } catch (cause) {
    const { code } = cause as NodeJS.ErrnoException
    if (code === 'EEXIST') throw new RunaError('BUS_EXISTS', `${file} is there already.`, { cause })
    // Some file systems give a file one name only.
    return rename(unfinished, file)
  }
  await rm(unfinished)
}

async function refuseToReplace(file: string, replace: boolean): Promise<void> {
  const found = await stat(file).catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOENT') return undefined
    throw error
  })
  if (!found) return
  if (!found.isFile()) throw new RunaError('BUS_EXISTS', `${file} is there already, and no file.`)
  const handle = await open(file, 'r')
  try {
    const { bytesRead, buffer } = await handle.read(Buffer.alloc(HEAD_BYTES), 0, HEAD_BYTES, 0)
    if (bytesRead > 0 && !isSnapshot(buffer.subarray(0, bytesRead))) {
      throw new RunaError('BUS_EXISTS', `${file} is there already, and no snapshot.`)
    }
    if (replace) return
    throw new RunaError(
      'BUS_EXISTS',
      `There is a snapshot at ${file} already. It is replaced where \`replace\` is said.`,
    )
  } finally {
    await handle.close()
  }
}

async function syncFolderOf(file: string): Promise<void> {
  const folder = await open(dirname(file), 'r')
  try {
    await folder.sync()
  } finally {
    await folder.close()
  }
}

/** A snapshot that is whole: its digest holds, and it can be read to its end. */
export interface OpenSnapshot {
  readonly head: SnapshotHead
  readonly figures: SnapshotFigures
  /** From the first key on, as often as it is asked for. */
  records(): AsyncGenerator<SnapshotRecord>
  close(): Promise<void>
}

/** Throws FILE_NOT_FOUND, SNAPSHOT_BROKEN or SNAPSHOT_VERSION, having read all of it. */
export async function openSnapshot(file: string): Promise<OpenSnapshot> {
  const handle = await open(file, constants.O_RDONLY | constants.O_NONBLOCK).catch((error: unknown) => {
    throw asRefusal(`The snapshot ${file} cannot be opened`, error)
  })
  try {
    const found = await handle.stat()
    if (!found.isFile()) throw broken('it is no file')
    const { size } = found
    const head = decodeHead(await readAt(handle, 0, Math.min(size, HEAD_BYTES)))
    const endsAt = size - DIGEST_BYTES
    if (endsAt < HEAD_BYTES + END_BYTES) throw broken('it is cut short')
    const sha256 = await digestOf(handle, endsAt)
    const said = await readAt(handle, endsAt, DIGEST_BYTES)
    if (said.toString('hex') !== sha256) throw broken('its digest is another than that of its content')
    const records = () => readRecords(handle, endsAt)
    let keys = 0
    for await (const _ of records()) keys += 1
    return { head, figures: { keys, sizeBytes: size, sha256 }, records, close: () => handle.close() }
  } catch (error) {
    await handle.close()
    throw asRefusal(`The snapshot ${file} cannot be read`, error)
  }
}

async function digestOf(handle: FileHandle, endsAt: number): Promise<string> {
  const hash = createHash('sha256')
  for (let at = 0; at < endsAt; at += CHUNK_BYTES) {
    hash.update(await readAt(handle, at, Math.min(CHUNK_BYTES, endsAt - at)))
  }
  return hash.digest('hex')
}

async function* readRecords(handle: FileHandle, endsAt: number): AsyncGenerator<SnapshotRecord> {
  let chunk: Buffer = Buffer.alloc(0)
  let chunkAt = HEAD_BYTES
  let at = HEAD_BYTES

  /** What comes next, as much as there is: a copy where a value is to outlive its chunk. */
  async function peek(wanted: number): Promise<Buffer> {
    const length = Math.min(wanted, endsAt - at)
    if (at + length > chunkAt + chunk.length) {
      chunk = await readAt(handle, at, Math.min(Math.max(length, CHUNK_BYTES), endsAt - at))
      chunkAt = at
    }
    return chunk.subarray(at - chunkAt, at - chunkAt + length)
  }

  async function take(length: number): Promise<Buffer> {
    if (length > endsAt - at) throw broken('it is cut short')
    const taken = await peek(length)
    at += length
    return taken
  }

  for (let count = 0; ; count += 1) {
    const head = decodeRecordHead(await peek(RECORD_BYTES), count)
    if (!head) break
    await take(RECORD_BYTES)
    const key = await take(head.keyBytes)
    const value = head.valueBytes === undefined ? undefined : await take(head.valueBytes)
    yield { key, value, ...head.state }
  }
  if (at + END_BYTES !== endsAt) throw broken('something stands behind its end')
}

async function readAt(handle: FileHandle, at: number, length: number): Promise<Buffer> {
  const buffer = Buffer.allocUnsafe(length)
  let filled = 0
  while (filled < length) {
    const { bytesRead } = await handle.read(buffer, filled, length - filled, at + filled)
    if (bytesRead === 0) throw broken('it became shorter while it was read')
    filled += bytesRead
  }
  return buffer
}

function broken(why: string): RunaError {
  return new RunaError('SNAPSHOT_BROKEN', `The snapshot is damaged: ${why}.`)
}

const REFUSALS: Readonly<Record<string, 'FILE_NOT_FOUND' | 'DISK_FULL'>> = {
  ENOENT: 'FILE_NOT_FOUND',
  ENOTDIR: 'FILE_NOT_FOUND',
  EACCES: 'FILE_NOT_FOUND',
  EPERM: 'FILE_NOT_FOUND',
  ENOSPC: 'DISK_FULL',
  EDQUOT: 'DISK_FULL',
}

function asRefusal(what: string, cause: unknown): RunaError {
  if (cause instanceof RunaError) return cause
  const { code = String(cause) } = cause as NodeJS.ErrnoException
  return new RunaError(REFUSALS[code] ?? 'SYSTEM_CALL_FAILED', `${what}: ${code}.`, { cause })
}
