import type { Embedder } from '#kernel/embedding'
import { bestRows, termsOf } from '#knowledge/search'
import type { DocumentIndex } from './document-index.ts'
import { UNRELATED_QUESTIONS } from './unrelated-questions.ts'

/** Passages that are looked at for evidence, the best by their words. */
const LOOKED_AT = 10
/** Of the cosine against the share of the question that a passage covers. */
const COSINE_WEIGHT = 0.5
/** Of the unrelated questions, so many find less evidence than a question has to find. */
const QUANTILE = 0.85
/** In a small topic most unrelated questions find nothing at all; below this, less than half of a question is covered. */
const THRESHOLD_MIN = 0.75
/** How far a topic may grow or shrink, as a share of its chunks, before the threshold is measured again. */
const DRIFT = 0.05

/**
 * How much of the question the best passage covers, its rare words counting most, and how alike their vectors are. 0
 * where no word is found; about 1 and more where all are. Unlike a score, it can be compared between questions.
 */
export function evidenceFor(
  index: DocumentIndex,
  terms: readonly string[],
  vector: Float32Array,
  allowed?: Uint8Array,
): number {
  const asked = [...new Set(terms)].map((term) => ({ term, weight: index.bm25.weightOf(term) }))
  const total = asked.reduce((sum, { weight }) => sum + weight, 0)
  if (total === 0) return 0
  const found = bestRows(index.bm25.score(terms, allowed), LOOKED_AT).map((row) => {
    const covered = asked.filter(({ term }) => index.bm25.has(row, term))
    const coverage = covered.reduce((sum, { weight }) => sum + weight, 0) / total
    return coverage + COSINE_WEIGHT * index.vectors.cosine(row, vector)
  })
  return Math.max(0, ...found)
}

/** The evidence that a question has to find in an index, to be taken for one that it answers. */
export interface Calibration {
  threshold(): number
}

/** A fixed threshold does not transfer from one topic to the next, so each is measured, when it is first needed. */
export function createCalibration(index: DocumentIndex, embedder: Embedder): Calibration {
  let measured: { readonly chunks: number; readonly threshold: number } | undefined

  function measure(): number {
    const found = UNRELATED_QUESTIONS.map((question) =>
      evidenceFor(index, termsOf(question), embedder.embed(question)),
    )
    const quantile = found.sort((a, b) => a - b)[Math.floor(QUANTILE * found.length)] ?? 0
    return Math.max(THRESHOLD_MIN, quantile)
  }

  return {
    threshold() {
      const { chunks } = index
      if (!measured || Math.abs(chunks - measured.chunks) > DRIFT * measured.chunks) {
        measured = { chunks, threshold: measure() }
      }
      return measured.threshold
    },
  }
}
