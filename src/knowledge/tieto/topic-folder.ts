import { createHash } from 'node:crypto'
import { readdir, readFile, rm } from 'node:fs/promises'
import { basename, dirname, join } from 'node:path'
import { replaceFile, syncFolder } from '#kernel/journal'
import { makeFolders } from '#kernel/sys'
import { RunaError } from '#protocol'
import { rethrowWriteError, systemCodeOf } from './disk.ts'
import type { Document } from './document.ts'
import { decodeDocument, encodeDocument, nameInDamaged } from './document-file.ts'

/** Puts a file in the place of another in one step. */
export type ReplaceFile = (path: string, content: Uint8Array | string) => Promise<void>

/** What tells documents apart: the path of the file, or the name that a text was given. */
export interface Identity {
  readonly source: string
  readonly name: string
}

/** A topic as it lies on the disk: a file for each document, and these files are the truth. */
export interface TopicFolder {
  /** Each document, or the name of one whose file is damaged. */
  read(): AsyncGenerator<{
    readonly fileName: string
    readonly document?: Document
    readonly damaged?: string
  }>
  /** Resolves once the document is safe. Rejects with DISK_FULL, and then what was there before is there still. */
  write(document: Document): Promise<void>
  remove(fileName: string): Promise<void>
}

const EXTENSION = '.jsonl'
const SLUG_LENGTH_MAX = 40

/** Tells people what is inside, and is the same for the same document, so that writing it again replaces it. */
export function fileNameOf({ source, name }: Identity): string {
  const key = source === '' ? `text:${name}` : `file:${source}`
  const slug = basename(source || name)
    .toLowerCase()
    .replace(/[^a-z0-9]+/g, '-')
    .replace(/^-+/, '')
    .slice(0, SLUG_LENGTH_MAX)
  return `${slug}-${createHash('sha256').update(key).digest('hex').slice(0, 16)}${EXTENSION}`
}

export function createTopicFolder(path: string, replace: ReplaceFile = replaceFile): TopicFolder {
  return {
    async *read() {
      const names = await readdir(path)
      await removeLeftovers(path, names)
      for (const fileName of names.filter((name) => name.endsWith(EXTENSION)).sort()) {
        const bytes = await readFile(join(path, fileName))
        try {
          yield { fileName, document: decodeDocument(bytes) }
        } catch (error) {
          if (!(error instanceof RunaError) || error.code !== 'TOPIC_CORRUPT') throw error
          yield { fileName, damaged: nameInDamaged(bytes) ?? fileName }
        }
      }
    },
    async write(document) {
      const fileName = fileNameOf({ source: document.source, name: document.document })
      let made: string | undefined
      try {
        made = makeFolders(path)
        await replace(join(path, fileName), encodeDocument(document))
        if (made) await syncFolder(dirname(path))
      } catch (error) {
        // A topic without its first document would be one that nobody asked for.
        if (made) await rm(path, { recursive: true, force: true })
        rethrowWriteError(error)
      }
    },
    async remove(fileName) {
      await rm(join(path, fileName), { force: true })
      await syncFolder(path)
    },
  }
}

/** Whoever died while writing left a temporary file, which was never acknowledged. Those of the living are spared. */
async function removeLeftovers(path: string, names: readonly string[]): Promise<void> {
  for (const name of names) {
    const pid = Number(/\.jsonl\.(\d+)\.new$/.exec(name)?.[1])
    if (pid && (pid === process.pid || !isAlive(pid))) await rm(join(path, name), { force: true })
  }
}

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0)
    return true
  } catch (error) {
    return systemCodeOf(error) === 'EPERM'
  }
}
