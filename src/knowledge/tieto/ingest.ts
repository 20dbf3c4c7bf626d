import { readFile, stat } from 'node:fs/promises'
import type { Embedder } from '#kernel/embedding'
import { encodeVector } from '#knowledge/search'
import { type IngestItem, RunaError } from '#protocol'
import { systemCodeOf } from './disk.ts'
import { displayNameOf } from './display-name.ts'
import {
  type ChunkText,
  type Document,
  digestOf,
  openSource,
  readChunks,
  type Source,
  searchableText,
  titleOf,
} from './document.ts'
import { type PreparedDocument, prepareDocument } from './document-index.ts'
import { DOCUMENT_BYTES_MAX, NAME_LENGTH_MAX } from './limits.ts'
import { exists, type FoundFile, type FoundFiles, isBelow, shownName } from './source-files.ts'
import type { Topic } from './topic.ts'
import { runInTurns } from './turns.ts'

export interface NamedText {
  readonly name: string
  readonly text: string
}

export interface IngestContext {
  readonly topic: Topic
  readonly embedder: Embedder
  readonly nowMs: () => number
  readonly signal: AbortSignal
}

interface Totals {
  stored: number
  unchanged: number
  skipped: number
  removed: number
  chunks: number
}

/** A file or a text, still unread. */
interface Candidate {
  /** What people are shown until it has a name of its own. */
  readonly shown: string
  read(): Promise<Source>
}

/** What may be wrong with one document while the rest goes on. */
const OF_ONE_DOCUMENT = ['DOCUMENT_INVALID', 'DOCUMENT_TOO_LARGE', 'FILE_NOT_FOUND']

/**
 * Brings a topic in step with files and texts, one document after the other, each whole or not at all. A document that
 * cannot be read is skipped, and an older version of it stays. Rejects with DISK_FULL, TOPIC_FULL, or the signal's
 * reason; what was reported as stored by then is safe.
 */
export async function* ingest(
  found: FoundFiles,
  texts: readonly NamedText[],
  context: IngestContext,
): AsyncGenerator<IngestItem, void> {
  const totals: Totals = { stored: 0, unchanged: 0, skipped: 0, removed: 0, chunks: 0 }
  for (const file of found.ignored) {
    totals.skipped += 1
    const { code, reason } = file
    yield { kind: 'skipped', document: shownName(file), code, reason: `Left out: ${reason}.` }
  }
  const candidates = [
    ...found.files.map((file) => fileCandidate(file, context.topic)),
    ...texts.map((text) => textCandidate(text, context)),
  ]
  for (const [done, candidate] of candidates.entries()) {
    context.signal.throwIfAborted()
    yield { kind: 'progress', document: candidate.shown, done, total: candidates.length }
    const item = await ingestOne(candidate, context)
    if (item) yield item
    if (item?.kind === 'stored') totals.chunks += item.chunks
    totals[item?.kind ?? 'unchanged'] += 1
  }
  for await (const document of removeVanished(found.folders, context.topic)) {
    totals.removed += 1
    yield { kind: 'removed', document }
  }
  yield { kind: 'end', ...totals }
}

type Outcome = Extract<IngestItem, { kind: 'stored' | 'skipped' }>

/** Undefined where nothing had to be done. */
async function ingestOne(candidate: Candidate, context: IngestContext): Promise<Outcome | undefined> {
  const { topic, embedder } = context
  try {
    const source = await candidate.read()
    const known = topic.find({ source: source.path, name: source.name })
    if (known?.sha256 === digestOf(source.bytes) && known.embedding === embedder.model) return undefined
    const prepared = await runInTurns(buildDocument(source, context), context.signal)
    await topic.put(prepared)
    return { kind: 'stored', document: source.name, chunks: prepared.document.chunks.length }
  } catch (error) {
    if (!(error instanceof RunaError) || !OF_ONE_DOCUMENT.includes(error.code)) throw error
    return { kind: 'skipped', document: candidate.shown, code: error.code, reason: error.message }
  }
}

function fileCandidate(file: FoundFile, topic: Topic): Candidate {
  const shown = shownName(file)
  return {
    shown,
    async read() {
      try {
        const { size, mtimeMs } = await stat(file.path)
        checkSize(size)
        const bytes = await readFile(file.path)
        checkSize(bytes.length)
        const known = topic.find({ source: file.path, name: '' })
        const name = known?.document ?? displayNameOf({ path: file.shown, named: file.named }, topic.isTaken)
        checkName(name)
        return { path: file.path, name, bytes, modifiedAt: Math.floor(mtimeMs) }
      } catch (cause) {
        if (cause instanceof RunaError) throw cause
        throw new RunaError('FILE_NOT_FOUND', `It cannot be read: ${systemCodeOf(cause)}.`, { cause })
      }
    },
  }
}

function textCandidate({ name, text }: NamedText, { topic, nowMs }: IngestContext): Candidate {
  return {
    shown: name,
    async read() {
      checkName(name)
      if (topic.isTaken(name) && !topic.find({ source: '', name })) {
        throw new RunaError(
          'DOCUMENT_INVALID',
          'A file of that name is in the topic: give the text another one.',
        )
      }
      const bytes = Buffer.from(text)
      checkSize(bytes.length)
      return { path: '', name, bytes, modifiedAt: nowMs() }
    },
  }
}

function checkSize(sizeBytes: number): void {
  if (sizeBytes <= DOCUMENT_BYTES_MAX) return
  const message = `It has ${sizeBytes} bytes, and a document has at most ${DOCUMENT_BYTES_MAX}.`
  throw new RunaError('DOCUMENT_TOO_LARGE', message)
}

function checkName(name: string): void {
  if (name.trim() !== '' && name.length <= NAME_LENGTH_MAX) return
  throw new RunaError('DOCUMENT_INVALID', `Its name is empty, or longer than ${NAME_LENGTH_MAX} characters.`)
}

function* buildDocument(
  source: Source,
  { embedder, nowMs }: IngestContext,
): Generator<unknown, PreparedDocument> {
  const opened = openSource(source)
  const texts: ChunkText[] = []
  for (const chunk of readChunks(opened)) {
    texts.push(chunk)
    yield
  }
  const title = titleOf(opened, texts, source.name)
  const chunks: Document['chunks'][number][] = []
  for (const chunk of texts) {
    chunks.push({ ...chunk, vector: encodeVector(embedder.embed(searchableText(title, chunk))) })
    yield
  }
  return yield* prepareDocument({
    document: source.name,
    title,
    source: source.path,
    sha256: opened.sha256,
    sizeBytes: source.bytes.length,
    modifiedAt: source.modifiedAt,
    ingestedAt: nowMs(),
    metadata: opened.metadata,
    embedding: embedder.model,
    preamble: source.bytes.subarray(0, texts[0]?.start).toString(),
    chunks,
  })
}

/** Documents whose file was below one of the folders and is there no more. */
async function* removeVanished(folders: readonly string[], topic: Topic): AsyncGenerator<string, void> {
  for (const { document, source } of [...topic.index.documents.values()]) {
    if (!folders.some((folder) => isBelow(folder, source)) || (await exists(source))) continue
    await topic.remove(document)
    yield document
  }
}
