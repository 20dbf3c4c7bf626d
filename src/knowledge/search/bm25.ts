/** How much repetition (k1) and length (b) decide of a row's score. */
export interface Bm25Options {
  readonly k1?: number
  readonly b?: number
}

interface Posting {
  readonly rows: number[]
  readonly counts: number[]
  /** Rows of this posting that were not removed. */
  living: number
}

function singlePosting(row: number): Posting {
  return { rows: [row], counts: [1], living: 1 }
}

/**
 * Rows that are ranked by how well their terms fit a question.
 *
 * BM25: Robertson and Zaragoza, "The probabilistic relevance framework", 2009, with the weights kept above zero by the
 * added 1 within the logarithm. A removed row leaves its postings behind; whoever removes many builds a new index.
 */
export class Bm25Index {
  readonly #k1: number
  readonly #b: number
  readonly #postings = new Map<string, Posting>()
  /** Most terms of most texts occur once; a number takes a fraction of what a posting takes. */
  readonly #rowOfSingle = new Map<string, number>()
  readonly #termsOfRow: (readonly string[] | undefined)[] = []
  readonly #lengths: number[] = []
  #size = 0
  #lengthSum = 0

  constructor({ k1 = 1.2, b = 0.75 }: Bm25Options = {}) {
    this.#k1 = k1
    this.#b = b
  }

  /** Rows that are there. */
  get size(): number {
    return this.#size
  }

  /** Rows that were ever added. */
  get rows(): number {
    return this.#lengths.length
  }

  /** Returns the number of the new row: one more than the last, also after removals. */
  add(terms: readonly string[]): number {
    const counts = new Map<string, number>()
    for (const term of terms) counts.set(term, (counts.get(term) ?? 0) + 1)
    for (const [term, count] of counts) this.#post(term, count)
    this.#termsOfRow.push([...counts.keys()])
    this.#lengthSum += terms.length
    this.#size += 1
    return this.#lengths.push(terms.length) - 1
  }

  remove(row: number): void {
    const terms = this.#termsOfRow[row]
    if (terms === undefined) return
    for (const term of terms) {
      const posting = this.#postings.get(term)
      if (posting) posting.living -= 1
      if (posting?.living === 0) this.#postings.delete(term)
      this.#rowOfSingle.delete(term)
    }
    this.#termsOfRow[row] = undefined
    this.#size -= 1
    this.#lengthSum -= this.#lengths[row] ?? 0
  }

  /** A score for each row, by its number; 0 where no term fits, or where `allowed` is given and has no 1. */
  score(terms: readonly string[], allowed?: Uint8Array): Float32Array {
    const scores = new Float32Array(this.#lengths.length)
    for (const term of new Set(terms)) {
      const single = this.#rowOfSingle.get(term)
      const posting = single === undefined ? this.#postings.get(term) : singlePosting(single)
      if (posting) this.#addScores(scores, posting, this.weightOf(term), allowed)
    }
    return scores
  }

  /** The weight of a term: the rarer, the higher. A term that no row has weighs most. */
  weightOf(term: string): number {
    const living = this.#postings.get(term)?.living ?? (this.#rowOfSingle.has(term) ? 1 : 0)
    return Math.log(1 + (this.#size - living + 0.5) / (living + 0.5))
  }

  has(row: number, term: string): boolean {
    return this.#termsOfRow[row]?.includes(term) ?? false
  }

  #post(term: string, count: number): void {
    const row = this.#lengths.length
    const single = this.#rowOfSingle.get(term)
    let posting = this.#postings.get(term)
    if (!posting && single === undefined && count === 1) {
      this.#rowOfSingle.set(term, row)
      return
    }
    if (!posting) {
      posting = single === undefined ? { rows: [], counts: [], living: 0 } : singlePosting(single)
      this.#postings.set(term, posting)
      this.#rowOfSingle.delete(term)
    }
    posting.rows.push(row)
    posting.counts.push(count)
    posting.living += 1
  }

  #addScores(scores: Float32Array, { rows, counts }: Posting, weight: number, allowed?: Uint8Array): void {
    const [k1, b] = [this.#k1, this.#b]
    const lengthMean = this.#lengthSum / this.#size || 1
    for (let index = 0; index < rows.length; index += 1) {
      const row = rows[index] as number
      if (this.#termsOfRow[row] === undefined || (allowed && allowed[row] !== 1)) continue
      const count = counts[index] as number
      const length = (this.#lengths[row] as number) / lengthMean
      scores[row] =
        (scores[row] as number) + (weight * (k1 + 1) * count) / (count + k1 * (1 - b + b * length))
    }
  }
}
