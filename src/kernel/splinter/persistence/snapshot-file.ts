import { createHash } from 'node:crypto'
import { type FileHandle, open, rename, rm } from 'node:fs/promises'
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

export interface SnapshotFigures {
  readonly keys: number
  readonly sizeBytes: number
  /** Of everything before the digest itself, in hexadecimal. */
  readonly sha256: string
}

/**
 * Writes a snapshot aside, and gives it its name once it is whole and on the disk: whoever dies meanwhile leaves an older
 * one as it was. Throws BUS_EXISTS where the file is there and no snapshot, or SYSTEM_CALL_FAILED.
 */
export async function writeSnapshot(
  file: string,
  head: SnapshotHead,
  records: Iterable<SnapshotRecord>,
): Promise<SnapshotFigures> {
  const unfinished = unfinishedName(file)
  try {
    await refuseToReplace(file)
    removeUnfinished(file)
    const handle = await open(unfinished, 'wx', 0o600)
    let figures: SnapshotFigures
    try {
      figures = await writeRecords(handle, head, records)
      await handle.sync()
    } finally {
      await handle.close()
    }
    await rename(unfinished, file)
    await syncFolderOf(file)
    return figures
  } catch (error) {
    await rm(unfinished, { force: true })
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

async function refuseToReplace(file: string): Promise<void> {
  const handle = await open(file, 'r').catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOENT') return undefined
    throw error
  })
  if (!handle) return
  try {
    const { bytesRead, buffer } = await handle.read(Buffer.alloc(HEAD_BYTES), 0, HEAD_BYTES, 0)
    if (bytesRead > 0 && !isSnapshot(buffer.subarray(0, bytesRead))) {
      throw new RunaError('BUS_EXISTS', `${file} is there already, and no snapshot.`)
    }
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
  const handle = await open(file, 'r').catch((error: unknown) => {
    throw asRefusal(`The snapshot ${file} cannot be opened`, error)
  })
  try {
    const { size } = await handle.stat()
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

function asRefusal(what: string, cause: unknown): RunaError {
  if (cause instanceof RunaError) return cause
  const { code = String(cause) } = cause as NodeJS.ErrnoException
  const known = { ENOENT: 'FILE_NOT_FOUND', ENOSPC: 'DISK_FULL', EDQUOT: 'DISK_FULL' } as const
  const refusal = Object.hasOwn(known, code) ? known[code as keyof typeof known] : 'SYSTEM_CALL_FAILED'
  return new RunaError(refusal, `${what}: ${code}.`, { cause })
}
