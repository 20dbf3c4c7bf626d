/** Of the cosines in a mixed score. Measured: above this, static word vectors spoil what BM25 finds. */
const VECTOR_WEIGHT = 0.25

/**
 * Mixes two rankings by their scores, each divided by its best: `(1 − weight) · bm25 / max + weight · cosine / max`.
 * Reciprocal ranks, the usual way, lost against this in every measurement. Where one side found nothing at all, the
 * other decides alone.
 */
export function mixScores(
  bm25: Float32Array,
  cosines: Float32Array,
  weight: number = VECTOR_WEIGHT,
): Float32Array {
  const bm25Max = maxOf(bm25)
  const cosineMax = maxOf(cosines)
  const share = bm25Max === 0 ? 1 : cosineMax === 0 ? 0 : weight
  return bm25.map((score, row) => {
    const words = bm25Max === 0 ? 0 : score / bm25Max
    const meaning = cosineMax === 0 ? 0 : Math.max(0, cosines[row] as number) / cosineMax
    return (1 - share) * words + share * meaning
  })
}

/** Scores divided by the best of them; negative ones become 0. */
export function scaleScores(scores: Float32Array): Float32Array {
  const max = maxOf(scores)
  return scores.map((score) => (max === 0 ? 0 : Math.max(0, score) / max))
}

function maxOf(scores: Float32Array): number {
  let max = 0
  for (const score of scores) if (score > max) max = score
  return max
}

/** The rows with the `count` best scores above 0, best first; of equal ones the earlier. */
export function bestRows(scores: Float32Array, count: number): number[] {
  const best: number[] = []
  for (let row = 0; row < scores.length; row += 1) {
    const score = scores[row] as number
    if (score <= 0) continue
    const worst = best.length < count ? -1 : (scores[best[count - 1] as number] as number)
    if (score <= worst) continue
    const place = best.findIndex((other) => (scores[other] as number) < score)
    best.splice(place < 0 ? best.length : place, 0, row)
    if (best.length > count) best.pop()
  }
  return best
}
