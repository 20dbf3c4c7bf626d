/** A person waits for all of them at once, so none may take long: an answer without one of them is better than a late one. */
export interface Deadlines {
  /** With the start of a snarf that slept. */
  readonly planMs: number
  readonly recallMs: number
  /** With the patience for a tieto that is just being started again. */
  readonly searchMs: number
}

export const DEADLINES: Deadlines = { planMs: 2_000, recallMs: 1_000, searchMs: 5_000 }
