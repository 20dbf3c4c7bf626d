/** What went wrong, worded for a person. */
export interface Failure {
  readonly code: string
  readonly message: string
  readonly advice: string
}

/** What gilgul tells the process that started it, one JSON object a line. */
export type Report =
  /** It lives: once a second. */
  | { readonly kind: 'beat' }
  | { readonly kind: 'progress'; readonly text: string }
  /** Everything that can run runs. */
  | { readonly kind: 'ready'; readonly url: string; readonly loginUrl: string }
  /** It could not start, and ends. */
  | { readonly kind: 'failed'; readonly failure: Failure }

/** Whatever is no report is left out: it has no meaning for anybody. */
export function parseReport(line: string): Report | undefined {
  try {
    const report = JSON.parse(line) as Report | null
    return typeof report?.kind === 'string' ? report : undefined
  } catch {
    return undefined
  }
}
