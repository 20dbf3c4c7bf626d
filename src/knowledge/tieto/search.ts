import type { Embedder } from '#kernel/embedding'
import {
  bestRows,
  euclideanDistance,
  type Filter,
  fitsFilter,
  mixScores,
  readFilter,
  scaleScores,
  termsOf,
} from '#knowledge/search'
import type { Passage, QueryEmbedding } from '#protocol'
import type { Document } from './document.ts'
import { evidenceFor } from './no-match.ts'
import type { OpenTopic } from './topic-cache.ts'

export interface SearchOptions {
  /** Passages at most. */
  readonly passagesMax?: number
  /** In the filter language, or the same as JSON. */
  readonly filter?: string | Readonly<Record<string, unknown>> | undefined
  /** `mixed` is the one to use: the embedded vectors alone do not carry a search. */
  readonly mode?: 'mixed' | 'bm25' | 'cosine'
  /** Passages whose vector lies farther from the query's are left out. 0 to 2. */
  readonly distanceMax?: number | undefined
  /** Of the query, by whoever has made it already. */
  readonly embedding?: QueryEmbedding | undefined
  /** 0 to 1. */
  readonly scoreMin?: number | undefined
}

export interface SearchResult {
  /** Best first. */
  readonly passages: Passage[]
  /** Whether the evidence in one of the topics is above its threshold: otherwise nothing here answers. */
  readonly match: boolean
  readonly evidence: number
  readonly threshold: number
}

/** All rows of a topic against a question. */
interface Ranked {
  readonly open: OpenTopic
  readonly bm25: Float32Array
  readonly cosines: Float32Array
  readonly evidence: number
  readonly threshold: number
}

const PASSAGES_DEFAULT = 8

/** Searches topics together: scores are divided by the best over all of them. Throws FILTER_INVALID. */
export function searchTopics(
  topics: readonly OpenTopic[],
  query: string,
  embedder: Embedder,
  options: SearchOptions = {},
): SearchResult {
  const filter = options.filter === undefined ? undefined : readFilter(options.filter)
  const terms = termsOf(query)
  const vector = vectorOf(query, embedder, options.embedding)
  const ranked = topics.map((open) => rank(open, terms, vector, filter))
  const bm25 = concatenate(ranked.map((part) => part.bm25))
  const cosines = concatenate(ranked.map((part) => part.cosines))
  const scores = scoresOf(bm25, cosines, options)
  const rows = bestRows(scores, options.passagesMax ?? PASSAGES_DEFAULT)
  const passages = rows
    .filter((row) => (scores[row] ?? 0) >= (options.scoreMin ?? 0))
    .flatMap((row) => passageAt(ranked, row, scores[row] ?? 0) ?? [])
  const [best] = [...ranked].sort((a, b) => b.evidence - b.threshold - (a.evidence - a.threshold))
  const { evidence, threshold } = best ?? { evidence: 0, threshold: 0 }
  return { passages, match: evidence > threshold, evidence, threshold }
}

/** A vector of another table would point anywhere: then the query is embedded here. */
function vectorOf(query: string, embedder: Embedder, made: QueryEmbedding | undefined): Float32Array {
  const fits = made?.model === embedder.model && made.vector.length === embedder.dimensions
  return fits ? Float32Array.from(made.vector) : embedder.embed(query)
}

function rank(
  open: OpenTopic,
  terms: readonly string[],
  vector: Float32Array,
  filter: Filter | undefined,
): Ranked {
  const { index } = open.topic
  const fits = filter && ((document: Document) => fitsFilter(filter, (field) => fieldOf(document, field)))
  const allowed = index.allowedRows(fits)
  return {
    open,
    bm25: index.bm25.score(terms, allowed),
    cosines: index.vectors.cosines(vector, allowed),
    evidence: evidenceFor(index, terms, vector, allowed),
    threshold: open.calibration.threshold(),
  }
}

/** Front matter goes first, so that a document can say for itself when it was written. */
function fieldOf(document: Document, field: string): unknown {
  if (Object.hasOwn(document.metadata, field)) return document.metadata[field]
  switch (field) {
    case 'document':
    case 'title':
    case 'source':
    case 'sizeBytes':
      return document[field]
    case 'modified':
      return new Date(document.modifiedAt).toISOString()
    case 'ingested':
      return new Date(document.ingestedAt).toISOString()
    default:
      return nestedField(document.metadata, field)
  }
}

/** `author.name` for a field within a field. */
function nestedField(metadata: unknown, field: string): unknown {
  let value = metadata
  for (const name of field.split('.')) {
    if (typeof value !== 'object' || value === null || !Object.hasOwn(value, name)) return undefined
    value = (value as Record<string, unknown>)[name]
  }
  return value
}

function scoresOf(bm25: Float32Array, cosines: Float32Array, options: SearchOptions): Float32Array {
  const { mode = 'mixed', distanceMax } = options
  const scores =
    mode === 'bm25' ? scaleScores(bm25) : mode === 'cosine' ? scaleScores(cosines) : mixScores(bm25, cosines)
  if (distanceMax === undefined) return scores
  return scores.map((score, row) => (euclideanDistance(cosines[row] ?? 0) > distanceMax ? 0 : score))
}

function concatenate(parts: readonly Float32Array[]): Float32Array {
  const whole = new Float32Array(parts.reduce((length, part) => length + part.length, 0))
  let offset = 0
  for (const part of parts) {
    whole.set(part, offset)
    offset += part.length
  }
  return whole
}

function passageAt(ranked: readonly Ranked[], row: number, score: number): Passage | undefined {
  let offset = 0
  for (const { open, bm25, cosines } of ranked) {
    const own = row - offset
    offset += bm25.length
    const found = own < bm25.length ? open.topic.index.chunkAt(own) : undefined
    if (!found) continue
    const { document, chunk } = found
    const cosine = cosines[own] ?? 0
    return {
      topic: open.topic.name,
      document: document.document,
      start: chunk.start,
      end: chunk.end,
      title: document.title,
      source: document.source,
      headings: [...chunk.headings],
      text: chunk.text,
      digest: document.sha256,
      metadata: document.metadata as Passage['metadata'],
      score,
      bm25: bm25[own] ?? 0,
      cosine,
      distance: euclideanDistance(cosine),
    }
  }
  return undefined
}
