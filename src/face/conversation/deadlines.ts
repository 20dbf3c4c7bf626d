/** A person waits for all of them at once, so none may take long: an answer without one of them is better than a late one. */
export interface Deadlines {
  readonly planMs: number
  readonly recallMs: number
  /** With the patience for a tieto that is just being started again. */
  readonly searchMs: number
}

export const DEADLINES: Deadlines = { planMs: 500, recallMs: 1_000, searchMs: 5_000 }
