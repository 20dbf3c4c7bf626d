import type { Embedder } from '#kernel/embedding'
import { encodeVector } from '#knowledge/search'
import { RunaError } from '#protocol'
import { type Document, searchableText } from './document.ts'
import {
  createDocumentIndex,
  type DocumentIndex,
  type PreparedDocument,
  prepareDocument,
} from './document-index.ts'
import { CHUNKS_PER_TOPIC_MAX, DOCUMENTS_PER_TOPIC_MAX } from './limits.ts'
import { fileNameOf, type Identity, type TopicFolder } from './topic-folder.ts'
import { runInTurns } from './turns.ts'

/** One topic in memory, in step with its folder. Whoever changes it sees to it that nobody else does meanwhile. */
export interface Topic {
  readonly name: string
  readonly index: DocumentIndex
  /** Documents whose file is damaged. */
  damaged(): string[]
  find(identity: Identity): Document | undefined
  isTaken(name: string): boolean
  /** Rejects with DISK_FULL or TOPIC_FULL, and then nothing has changed. */
  put(prepared: PreparedDocument): Promise<void>
  /** Rejects with DOCUMENT_UNKNOWN. */
  remove(document: string): Promise<{ readonly chunks: number }>
}

/** Reads a topic from its folder. What is damaged there is left out, and named. */
export async function openTopic(name: string, folder: TopicFolder, embedder: Embedder): Promise<Topic> {
  const index = createDocumentIndex(embedder.dimensions)
  const byFile = new Map<string, string>()
  const damaged = new Map<string, string>()
  for await (const { fileName, document, damaged: lost } of folder.read()) {
    if (lost !== undefined) damaged.set(fileName, lost)
    if (!document) continue
    await runInTurns(index.put(await runInTurns(prepareDocument(refresh(document, embedder)))))
    byFile.set(fileName, document.document)
  }

  function checkRoom({ document }: PreparedDocument): void {
    const replaced = index.documents.get(document.document)
    const chunks = index.chunks - (replaced?.chunks.length ?? 0) + document.chunks.length
    if (chunks > CHUNKS_PER_TOPIC_MAX || (!replaced && index.documents.size >= DOCUMENTS_PER_TOPIC_MAX)) {
      const limits = `${DOCUMENTS_PER_TOPIC_MAX} documents and ${CHUNKS_PER_TOPIC_MAX} passages`
      throw new RunaError(
        'TOPIC_FULL',
        `The topic ${name} has no room for ${document.document}: it holds ${limits}.`,
      )
    }
  }

  return {
    name,
    index,
    damaged: () => [...damaged.values()],
    find(identity) {
      const document = byFile.get(fileNameOf(identity))
      return document === undefined ? undefined : index.documents.get(document)
    },
    isTaken: (taken) => index.documents.has(taken),
    async put(prepared) {
      checkRoom(prepared)
      const { document } = prepared
      await folder.write(document)
      const fileName = fileNameOf({ source: document.source, name: document.document })
      damaged.delete(fileName)
      byFile.set(fileName, document.document)
      await runInTurns(index.put(prepared))
    },
    async remove(document) {
      const entry = [...byFile, ...damaged].find(([, known]) => known === document)
      if (!entry) throw new RunaError('DOCUMENT_UNKNOWN', `The topic ${name} has no document ${document}.`)
      const [fileName] = entry
      await folder.remove(fileName)
      const chunks = byFile.has(fileName) ? (index.documents.get(document)?.chunks.length ?? 0) : 0
      if (byFile.delete(fileName)) index.remove(document)
      damaged.delete(fileName)
      return { chunks }
    },
  }
}

/**
 * Vectors of another model cannot be compared with these, so they are made again. The document goes on naming the
 * other model, by which the next ingest sees that it has to be stored anew.
 */
function refresh(document: Document, embedder: Embedder): Document {
  if (document.embedding === embedder.model) return document
  const chunks = document.chunks.map((chunk) => ({
    ...chunk,
    vector: encodeVector(embedder.embed(searchableText(document.title, chunk))),
  }))
  return { ...document, chunks }
}
