import { lstat, readdir, realpath } from 'node:fs/promises'
import { basename, extname, join, relative, resolve, sep } from 'node:path'
import { type ErrorCode, RunaError } from '#protocol'
import { systemCodeOf } from './disk.ts'
import { FILES_PER_INGEST_MAX } from './limits.ts'

/** A file to be ingested. */
export interface FoundFile {
  /** Where it really lies: what it is known by. */
  readonly path: string
  /** Where it lies as people named it, and the path that they named. */
  readonly shown: string
  readonly named: string
}

interface IgnoredFile extends FoundFile {
  readonly code: ErrorCode
  readonly reason: string
}

export interface FoundFiles {
  /** In a stable order, none twice. */
  readonly files: readonly FoundFile[]
  readonly ignored: readonly IgnoredFile[]
  /** The folders among the named paths, as they really lie. */
  readonly folders: readonly string[]
}

/** What is taken from a folder; a file that is named itself is taken whatever its extension. */
const EXTENSIONS = ['.md', '.markdown', '.mdx', '.txt', '.text', '.rst', '.adoc', '.org', '.tex', '.log', '']

/** Looks for files below the paths. Rejects with FILE_NOT_FOUND if one of the paths does not exist. */
export async function findFiles(paths: readonly string[]): Promise<FoundFiles> {
  const search = createSearch()
  const folders: string[] = []
  for (const path of paths) {
    const named = resolve(path)
    const place = await realpath(named).catch((cause) => {
      throw new RunaError('FILE_NOT_FOUND', `${path} cannot be read: ${systemCodeOf(cause)}.`, { cause })
    })
    const found = { path: place, shown: named, named }
    const kind = await lstat(place)
    if (kind.isDirectory()) {
      folders.push(place)
      await search.walk(found)
    } else if (kind.isFile()) search.take(found)
    else search.ignore(found, 'it is neither a file nor a folder')
  }
  return { files: [...search.files.values()], ignored: search.ignored, folders }
}

function createSearch() {
  const files = new Map<string, FoundFile>()
  const ignored: IgnoredFile[] = []

  function checkRoom(): void {
    if (files.size + ignored.length < FILES_PER_INGEST_MAX) return
    throw new RunaError(
      'TOPIC_FULL',
      `More than ${FILES_PER_INGEST_MAX} files: ingest the folders one by one.`,
    )
  }

  function take(found: FoundFile): void {
    checkRoom()
    if (!files.has(found.path)) files.set(found.path, found)
  }

  function ignore(found: FoundFile, reason: string, code: ErrorCode = 'DOCUMENT_IGNORED'): void {
    checkRoom()
    ignored.push({ ...found, code, reason })
  }

  async function walk(folder: FoundFile): Promise<void> {
    const entries = await readdir(folder.path, { withFileTypes: true }).catch((error) => {
      ignore(folder, `the folder cannot be read: ${systemCodeOf(error)}`, 'FILE_NOT_FOUND')
      return []
    })
    entries.sort((a, b) => (a.name < b.name ? -1 : 1))
    for (const entry of entries) {
      const below = { path: join(folder.path, entry.name), shown: join(folder.shown, entry.name) }
      const found = { ...folder, ...below }
      if (entry.name.startsWith('.')) ignore(found, 'it is hidden')
      // A link may lead out of the folder, or back into it, for ever.
      else if (entry.isSymbolicLink()) ignore(found, 'it is a link')
      else if (entry.name === 'node_modules') ignore(found, 'it holds installed packages')
      else if (entry.isDirectory()) await walk(found)
      else if (!entry.isFile()) ignore(found, 'it is neither a file nor a folder')
      else if (!EXTENSIONS.includes(extname(entry.name).toLowerCase())) {
        ignore(found, `${extname(entry.name)} is neither Markdown nor plain text`)
      } else take(found)
    }
  }

  return { files, ignored, take, ignore, walk }
}

/** Whether a document came from below the folder. */
export function isBelow(folder: string, path: string): boolean {
  return path.startsWith(folder === sep ? sep : `${folder}${sep}`)
}

export async function exists(path: string): Promise<boolean> {
  try {
    await lstat(path)
    return true
  } catch (error) {
    return !['ENOENT', 'ENOTDIR'].includes(systemCodeOf(error))
  }
}

/** What people are shown of a file that did not become a document. */
export function shownName({ shown, named }: FoundFile): string {
  const below = relative(named, shown).split(sep).join('/')
  return below === '' ? basename(named) || named : `${basename(named)}/${below}`
}
