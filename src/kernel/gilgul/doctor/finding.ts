import type { FailureCause } from '#protocol'
import { tellLadder } from '../diagnosis/repairs.ts'

/** One thing that was looked at. */
export interface Finding {
  readonly subject: string
  /** wrong: something does not work for it, or will not. doubtful: it works, and may not for long. */
  readonly verdict: 'well' | 'doubtful' | 'wrong'
  readonly cause?: FailureCause
  readonly text: string
  /** What gilgul does about it by itself, in turn; empty where that is nothing. */
  readonly repairs: readonly string[]
  /** What a person can do. */
  readonly advice: string
}

export function well(subject: string, text: string): Finding {
  return { subject, verdict: 'well', text, repairs: [], advice: '' }
}

export function doubtful(subject: string, text: string, advice = ''): Finding {
  return { subject, verdict: 'doubtful', text, repairs: [], advice }
}

/** With the repairs that gilgul has for that cause. */
export function wrong(subject: string, cause: FailureCause, text: string, advice = ''): Finding {
  return { subject, verdict: 'wrong', cause, text, repairs: tellLadder(cause), advice }
}
