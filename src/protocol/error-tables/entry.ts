export interface ErrorEntry {
  /** What happened, for whoever reads a log. */
  readonly means: string
  /** What a person can do about it. */
  readonly advice: string
  /** Whether the same call may succeed later without anybody doing anything. */
  readonly retry: boolean
}
