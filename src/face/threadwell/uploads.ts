import { randomUUID } from 'node:crypto'
import { open, readdir, rename, rm } from 'node:fs/promises'
import { join } from 'node:path'
import { explainFullDisk } from '#kernel/journal'
import { makeFolders } from '#kernel/sys'
import { type IngestItem, RunaError } from '#protocol'
import { readPieces } from './http/body.ts'
import { LIMITS } from './limits.ts'

const INCOMING = '.incoming-'
const PREVIOUS = '.previous-'
/** A file system takes names of 255 bytes; the marks before a name need some of them. */
const NAME_BYTES_MAX = 200

/** A file that has arrived whole, and is not yet anybody's document. */
export interface Upload {
  readonly folder: string
  readonly name: string
  readonly arrivedAt: string
}

type Ingest = (input: { topic: string; paths: string[] }) => AsyncIterable<IngestItem>

/** Targets that an upload is working on: two at once would restore each other's leftovers. */
const busy = new Set<string>()

/** Keeps the body as a file. Rejects with BAD_INPUT, BODY_TOO_LARGE or DISK_FULL, and then nothing is left of it. */
export async function receiveUpload(
  request: Request,
  uploadsFolder: string,
  topic: string,
  name: string,
): Promise<Upload> {
  const folder = join(uploadsFolder, topic)
  const upload = { folder, name: safeFileName(name), arrivedAt: join(folder, `${INCOMING}${randomUUID()}`) }
  makeFolders(folder)
  try {
    const file = await open(upload.arrivedAt, 'wx', 0o600)
    try {
      for await (const piece of readPieces(request, LIMITS.uploadBytesMax)) await file.writeFile(piece)
      await file.sync()
    } finally {
      await file.close()
    }
    return upload
  } catch (error) {
    await rm(upload.arrivedAt, { force: true })
    throw explainFullDisk(error)
  }
}

/** Ingests the file under its own name. Where nothing of it was stored, what lay there before lies there again. */
export async function* ingestUpload(
  { folder, name, arrivedAt }: Upload,
  topic: string,
  ingest: Ingest,
): AsyncGenerator<IngestItem, void> {
  const [target, previous] = [join(folder, name), join(folder, `${PREVIOUS}${name}`)]
  if (busy.has(target)) {
    await rm(arrivedAt, { force: true })
    throw new RunaError('BUSY', `'${name}' is being added already.`)
  }
  busy.add(target)
  let stored = 0
  try {
    await rename(target, previous).catch(ignoreMissing)
    await rename(arrivedAt, target)
    for await (const item of ingest({ topic, paths: [target] })) {
      if (item.kind === 'end') stored = item.stored + item.unchanged
      yield item
    }
  } finally {
    if (stored > 0) await rm(previous, { force: true })
    else await restore(target, previous)
    await rm(arrivedAt, { force: true })
    busy.delete(target)
  }
}

async function restore(target: string, previous: string): Promise<void> {
  await rm(target, { force: true })
  await rename(previous, target).catch(ignoreMissing)
}

/** Mends what a crash in the middle of an upload left behind. */
export async function tidyUploads(uploadsFolder: string): Promise<void> {
  makeFolders(uploadsFolder)
  for (const entry of await readdir(uploadsFolder, { withFileTypes: true })) {
    if (!entry.isDirectory()) continue
    const folder = join(uploadsFolder, entry.name)
    const names = await readdir(folder)
    for (const name of names) {
      const path = join(folder, name)
      if (name.startsWith(INCOMING)) await rm(path, { force: true })
      if (!name.startsWith(PREVIOUS)) continue
      const original = name.slice(PREVIOUS.length)
      if (names.includes(original)) await rm(path, { force: true })
      else await rename(path, join(folder, original))
    }
  }
}

/**
 * The last part of what the browser calls the file, without what means something to a file system or a terminal.
 * Throws BAD_INPUT where nothing is left.
 */
export function safeFileName(name: string): string {
  const last = name.normalize('NFC').split(/[/\\]/).at(-1) ?? ''
  const plain = last.replace(/[^\p{L}\p{M}\p{N} ._()+,'-]/gu, '_').replace(/^[\s.]+|[\s.]+$/g, '')
  if (plain === '') throw new RunaError('BAD_INPUT', 'name: holds nothing that a file could be called')
  const extension = /\.[a-zA-Z0-9]{1,16}$/.exec(plain)?.[0] ?? ''
  let stem = plain.slice(0, plain.length - extension.length)
  while (Buffer.byteLength(stem) > NAME_BYTES_MAX) stem = [...stem].slice(0, -1).join('')
  return `${stem.trimEnd()}${extension}`
}

function ignoreMissing(error: NodeJS.ErrnoException): void {
  if (error.code !== 'ENOENT') throw error
}
