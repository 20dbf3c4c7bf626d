import { Bm25Index, createVectorRows, termsOf, type VectorRows } from '#knowledge/search'
import { type Chunk, type Document, searchableText } from './document.ts'

/** A chunk in the index, and where it comes from. */
interface IndexedChunk {
  readonly document: Document
  readonly chunk: Chunk
}

/** What a document is found by, worked out beforehand, so that putting it into the index takes no time. */
export interface PreparedDocument {
  readonly document: Document
  /** For each chunk. */
  readonly terms: readonly (readonly string[])[]
}

/** Works out a document's terms chunk by chunk, so that a caller may do other things in between. */
export function* prepareDocument(document: Document): Generator<void, PreparedDocument> {
  const terms: string[][] = []
  for (const chunk of document.chunks) {
    terms.push(termsOf(searchableText(document.title, chunk)))
    yield
  }
  return { document, terms }
}

/** The documents of a topic as searches need them: derived, in memory, never stored. */
export interface DocumentIndex {
  readonly bm25: Bm25Index
  readonly vectors: VectorRows
  /** By name. */
  readonly documents: ReadonlyMap<string, Document>
  readonly chunks: number
  /** Rows that removed documents left behind. */
  readonly wasted: number
  chunkAt(row: number): IndexedChunk | undefined
  /** 1 for each row that is there and whose document fits. */
  allowedRows(fits?: (document: Document) => boolean): Uint8Array
  /** Puts a document in the place of the one that has its name; until the last step, that one is found. */
  put(prepared: PreparedDocument): Generator<void, void>
  remove(name: string): void
}

export function createDocumentIndex(dimensions: number): DocumentIndex {
  const bm25 = new Bm25Index()
  const vectors = createVectorRows(dimensions)
  const documents = new Map<string, Document>()
  const firstRows = new Map<string, number>()
  const rows: (IndexedChunk | undefined)[] = []

  function remove(name: string): void {
    const document = documents.get(name)
    const first = firstRows.get(name)
    if (!document || first === undefined) return
    for (let row = first; row < first + document.chunks.length; row += 1) {
      bm25.remove(row)
      rows[row] = undefined
    }
    documents.delete(name)
    firstRows.delete(name)
  }

  return {
    bm25,
    vectors,
    documents,
    get chunks() {
      return bm25.size
    },
    get wasted() {
      return bm25.rows - bm25.size
    },
    chunkAt: (row) => rows[row],
    allowedRows(fits = () => true) {
      const allowed = new Uint8Array(rows.length)
      for (const [name, first] of firstRows) {
        const document = documents.get(name)
        if (document && fits(document)) allowed.fill(1, first, first + document.chunks.length)
      }
      return allowed
    },
    *put({ document, terms }) {
      const first = rows.length
      for (const [index, chunk] of document.chunks.entries()) {
        bm25.add(terms[index] ?? [])
        vectors.add(chunk.vector)
        rows.push({ document, chunk })
        yield
      }
      remove(document.document)
      documents.set(document.document, document)
      firstRows.set(document.document, first)
    },
    remove,
  }
}
