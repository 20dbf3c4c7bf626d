export interface ErrorEntry {
  /** What happened, for whoever reads a log. */
  readonly means: string
  /** What a person can do about it. */
  readonly advice: string
  /** Whether the same call may succeed later without anybody doing anything. */
  readonly retry: boolean
  /** What is said where it happens may quote people's words, such as the name of a file: it never reaches a log. */
  readonly quotes?: true
}
