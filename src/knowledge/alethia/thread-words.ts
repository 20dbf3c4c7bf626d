import { Bm25Index } from '#knowledge/search'

/** The words of each thread as a whole, and which rows of another index were said in it. */
export interface ThreadWords {
  add(thread: string, row: number, terms: readonly string[]): void
  /** `termsOfRow` is asked for the rows that stay. */
  remove(thread: string, rows: ReadonlySet<number>, termsOfRow: (row: number) => readonly string[]): void
  rowsOf(thread: string): readonly number[]
  /** Every thread with its rows in order, and a score between 0 and 1, for the best. */
  score(terms: readonly string[]): Map<string, { readonly rows: readonly number[]; readonly score: number }>
}

interface Thread {
  rows: number[]
  terms: string[]
  /** Its row in the index of threads; undefined since something was added or removed. */
  indexed: number | undefined
}

const OPTIONS = { k1: 0.6, b: 0.75 }
/** Threads that go on leave old rows behind. With so many of them more than threads, the index is made anew. */
const STALE_ROWS_MIN = 64

export function createThreadWords(): ThreadWords {
  const threads = new Map<string, Thread>()
  let index = new Bm25Index(OPTIONS)

  /** Only when something is asked, since a thread may grow by many turns before. */
  function refresh(): void {
    if (index.rows > 2 * threads.size + STALE_ROWS_MIN) {
      index = new Bm25Index(OPTIONS)
      for (const thread of threads.values()) thread.indexed = undefined
    }
    for (const thread of threads.values()) thread.indexed ??= index.add(thread.terms)
  }

  function outdate(thread: Thread): void {
    if (thread.indexed !== undefined) index.remove(thread.indexed)
    thread.indexed = undefined
  }

  return {
    add(id, row, terms) {
      const thread = threads.get(id) ?? { rows: [], terms: [], indexed: undefined }
      threads.set(id, thread)
      thread.rows.push(row)
      for (const term of terms) thread.terms.push(term)
      outdate(thread)
    },
    remove(id, rows, termsOfRow) {
      const thread = threads.get(id)
      if (!thread) return
      thread.rows = thread.rows.filter((row) => !rows.has(row))
      thread.terms = thread.rows.flatMap(termsOfRow)
      outdate(thread)
      if (thread.rows.length === 0) threads.delete(id)
    },
    rowsOf: (id) => threads.get(id)?.rows ?? [],
    score(terms) {
      refresh()
      const scores = index.score(terms)
      const max = maxOf(scores) || 1
      return new Map(
        [...threads].map(([id, { rows, indexed = 0 }]) => [
          id,
          { rows, score: (scores[indexed] ?? 0) / max },
        ]),
      )
    },
  }
}

export function maxOf(scores: Float32Array): number {
  let max = 0
  for (const score of scores) if (score > max) max = score
  return max
}
