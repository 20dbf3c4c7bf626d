import type { LandlockRules } from '../landlock.ts'

/** What a program is kept to, from its first instruction on, with all that it starts. */
export interface Seclusion {
  /** How it is called in lists of processes. */
  readonly title: string
  /** Descriptors that it inherits beside input, output and error output. */
  readonly descriptors: readonly number[]
  readonly rules: LandlockRules
  /** For its calls: instructions of classic BPF in base64. */
  readonly filter: string
}

/** As little memory as it can do with. */
const SMALL = ['--max-semi-space-size=1', '--v8-pool-size=0']

/**
 * The words of a process that shuts itself in, and then becomes that program under its own number. Where it cannot be
 * done it ends with status 1, and says why. `program` is where `main.ts` of this folder has come to lie.
 */
export function secludedWords(
  program: string,
  seclusion: Seclusion,
  words: readonly string[],
): readonly [string, ...string[]] {
  return [process.execPath, ...SMALL, program, JSON.stringify(seclusion), ...words]
}
