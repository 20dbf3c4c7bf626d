import type { Bus } from '#kernel/splinter'
import type { BusPlace } from './session.ts'

/** What one verb was called with, and what it may use. */
export interface VerbCall {
  /** Throws BAD_INPUT where it is missing: commander has seen to those in `<>`. */
  word(index: number): string
  readonly words: readonly string[]
  option(name: string): string | undefined
  has(flag: string): boolean
  readonly json: boolean
  /** Takes a seat on the bus, the first time. */
  seat(): Promise<Bus>
  /** Finds out where the bus lies, which need not exist yet. */
  readonly place: BusPlace
  /** Fires on Ctrl-C. */
  readonly signal: AbortSignal
  /** Standard input is there to be read: not where it holds the verbs themselves. */
  readonly canReadInput: boolean
}

type Work = (call: VerbCall) => Promise<void> | void

/** As commander takes them: flags and description, and no default. */
export type VerbOption = readonly [flags: string, description: string]

/** One row of the table that drives single commands, the prompt, the help and completion. */
export interface Verb {
  readonly name: string
  /** As commander takes them: `<key> [value]`. */
  readonly parameters: string
  readonly description: string
  readonly options?: readonly VerbOption[]
  /** What follows `runa bus`. */
  readonly example: readonly string[]
  /** What the first word names, to be completed. */
  readonly names?: 'key' | 'topic'
  /** What is typed with it may be somebody's words. */
  readonly takesValue?: true
  readonly load: () => Promise<Work>
}
