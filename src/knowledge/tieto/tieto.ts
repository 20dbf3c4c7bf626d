import { type Embedder, loadEmbedder } from '#kernel/embedding'
import { type IngestItem, RunaError, type StoredDocument, type Topic as TopicSummary } from '#protocol'
import type { Document } from './document.ts'
import { ingest, type NamedText } from './ingest.ts'
import { type NearbyText, type Range, readNearby } from './nearby-text.ts'
import { type OpenTopics, openTopics } from './open-topics.ts'
import { type SearchOptions, type SearchResult, searchTopics } from './search.ts'
import { findFiles } from './source-files.ts'
import type { OpenTopic } from './topic-cache.ts'
import type { ReplaceFile } from './topic-folder.ts'

export interface TietoOptions {
  /** Turns texts into vectors; the table that ships with Runa, unless another is given. */
  readonly embedder?: Embedder
  /** Called once after each ingest and removal that changed a topic. Must not throw. */
  readonly onChange?: (topic: string) => void
  readonly nowMs?: () => number
  /** How files are written; for tests of what happens when the disk is full. */
  readonly replaceFile?: ReplaceFile
}

export interface IngestInput {
  /** Files and folders. */
  readonly paths?: readonly string[]
  readonly texts?: readonly NamedText[]
}

/** Where there is nothing but paths, they need no object around them. */
export type IngestSource = IngestInput | string | readonly string[]

/** What is around a place in a document. */
export interface ReadOptions {
  readonly beforeBytes?: number
  readonly afterBytes?: number
}

export interface ReadResult extends NearbyText {
  readonly title: string
  readonly source: string
  readonly sizeBytes: number
}

/** Documents in, ranked passages out. One process at a time may have a folder of topics open. */
export interface Tieto {
  /**
   * Brings the topic in step with files, folders and texts, and reports as it goes. What did not change costs nothing,
   * so an ingest that was interrupted is simply repeated. Rejects with FILE_NOT_FOUND before anything is changed; with
   * DISK_FULL or TOPIC_FULL what was reported as stored is safe.
   */
  ingest(topic: string, input: IngestSource, signal?: AbortSignal): AsyncGenerator<IngestItem, void>
  /** Searches one topic, several, or with an empty list all of them. Rejects with TOPIC_UNKNOWN, FILTER_INVALID. */
  search(topics: string | readonly string[], query: string, options?: SearchOptions): Promise<SearchResult>
  /** Opens a citation. Rejects with TOPIC_UNKNOWN, DOCUMENT_UNKNOWN, BAD_INPUT. */
  read(topic: string, document: string, range: Range, options?: ReadOptions): Promise<ReadResult>
  topics(): Promise<TopicSummary[]>
  /** By name. Rejects with TOPIC_UNKNOWN. */
  documents(topic: string): Promise<StoredDocument[]>
  /** Removes a document, or the whole topic. Takes effect at once, also on the disk. */
  remove(topic: string, document?: string): Promise<Removed>
}

/** What is gone. */
export interface Removed {
  readonly documents: number
  readonly chunks: number
}

const AROUND_BYTES = 2_048

/** Opens a folder of topics, and makes it where there is none. */
async function open(folder: string, options: TietoOptions = {}): Promise<Tieto> {
  const embedder = options.embedder ?? (await loadEmbedder())
  const topics = await openTopics(folder, embedder, options.replaceFile)
  const { onChange = () => {}, nowMs = Date.now } = options
  const summaries = createSummaries(topics)
  const changed = (name: string): void => {
    summaries.forget(name)
    onChange(name)
  }

  async function* ingestInto(name: string, input: IngestSource, signal = new AbortController().signal) {
    const { paths = [], texts = [] } = readInput(input)
    const found = await findFiles(paths)
    const steps = topics.change(name, ({ topic }) => ingest(found, texts, { topic, embedder, nowMs, signal }))
    let isChanged = false
    try {
      for await (const item of steps) {
        isChanged ||= item.kind === 'stored' || item.kind === 'removed'
        yield item
      }
    } finally {
      if (isChanged) changed(name)
    }
  }

  return {
    ingest: ingestInto,
    async search(names, query, searchOptions) {
      const asked = typeof names === 'string' ? [names] : names
      return searchTopics(await openAll(topics, asked), query, embedder, searchOptions)
    },
    async read(name, document, range, { beforeBytes = AROUND_BYTES, afterBytes = AROUND_BYTES } = {}) {
      const { topic } = await topics.open(name)
      const found = topic.index.documents.get(document)
      if (!found) throw new RunaError('DOCUMENT_UNKNOWN', `The topic ${name} has no document ${document}.`)
      const { title, source, sizeBytes, sha256 } = found
      return {
        ...readNearby(found, range, beforeBytes, afterBytes),
        title,
        source,
        sizeBytes,
        digest: sha256,
      }
    },
    topics: summaries.list,
    async documents(name) {
      const { topic } = await topics.open(name)
      const documents = [...topic.index.documents.values()].map(describe)
      return documents.sort((a, b) => (a.document < b.document ? -1 : 1))
    },
    async remove(name, document) {
      const removed = await (document === undefined
        ? removeTopic(topics, name)
        : removeDocument(topics, name, document))
      changed(name)
      return removed
    },
  }
}

/** `import { Tieto } from 'runa/tieto'`, then `Tieto.open(folder)`: no bus and no service needed. */
export const Tieto = { open } as const

function readInput(input: IngestSource): IngestInput {
  if (typeof input === 'string') return { paths: [input] }
  return 'length' in input ? { paths: input } : input
}

/** Topics as they last were, so that counting does not read again what memory had no room to keep. */
function createSummaries(topics: OpenTopics) {
  const known = new Map<string, TopicSummary>()
  return {
    forget: (name: string) => void known.delete(name),
    async list(): Promise<TopicSummary[]> {
      const names = await topics.names()
      // One after the other, since not all of them need fit into memory together.
      for (const name of names.filter((candidate) => !known.has(candidate))) {
        const open = await openIfThere(topics, name)
        if (open) known.set(name, summarize(open))
      }
      return names.flatMap((name) => known.get(name) ?? [])
    },
  }
}

async function openAll(topics: OpenTopics, names: readonly string[]): Promise<OpenTopic[]> {
  const opened: OpenTopic[] = []
  for (const name of new Set(names)) opened.push(await topics.open(name))
  if (names.length > 0) return opened
  for (const name of await topics.names()) {
    const open = await openIfThere(topics, name)
    if (open) opened.push(open)
  }
  return opened
}

/** Undefined for one that was removed since it was listed. */
async function openIfThere(topics: OpenTopics, name: string): Promise<OpenTopic | undefined> {
  try {
    return await topics.open(name)
  } catch (error) {
    if (error instanceof RunaError && error.code === 'TOPIC_UNKNOWN') return undefined
    throw error
  }
}

async function removeTopic(topics: OpenTopics, name: string): Promise<Removed> {
  const { documents, chunks } = summarize(await topics.open(name))
  await topics.remove(name)
  return { documents, chunks }
}

async function removeDocument(topics: OpenTopics, name: string, document: string): Promise<Removed> {
  // Opened first, because a change would make the topic if it did not exist.
  await topics.open(name)
  let chunks = 0
  const change = topics.change(name, async function* ({ topic }) {
    yield await topic.remove(document)
  })
  for await (const removed of change) chunks = removed.chunks
  return { documents: 1, chunks }
}

function summarize({ topic }: OpenTopic): TopicSummary {
  const documents = [...topic.index.documents.values()]
  return {
    name: topic.name,
    documents: documents.length,
    chunks: topic.index.chunks,
    sizeBytes: documents.reduce((sum, { sizeBytes }) => sum + sizeBytes, 0),
    damaged: topic.damaged(),
  }
}

function describe({
  document,
  title,
  source,
  sizeBytes,
  chunks,
  metadata,
  ingestedAt,
}: Document): StoredDocument {
  return {
    document,
    title,
    source,
    sizeBytes,
    chunks: chunks.length,
    metadata: metadata as StoredDocument['metadata'],
    ingestedAt,
  }
}
