import type { CallContext, Notice, Recalled } from '#protocol'
import type { Alethia } from './alethia-client.ts'
import { excerptOf } from './excerpt.ts'
import { MARKS } from './marks.ts'

/**
 * What of one utterance is given to a model at most, and how many of them: some 1,200 tokens in all. A model reads every
 * prompt from its start, and on a slow machine each token of it is waited for.
 */
const PIECE_BYTES_MAX = 600
const PIECES_MAX = 6
/** Of the best score. What fits so much less than the best is there by chance of a common word. */
const SCORE_SHARE_MIN = 0.5

/** What was said in another thread, as the engine is given it: the bytes from `start` to `end` of the utterance. */
export interface RecalledPiece extends Recalled {
  readonly start: number
  readonly end: number
}

export interface Recollection {
  /** Whether the memory was asked. */
  readonly asked: boolean
  /** Best first. */
  readonly pieces: readonly RecalledPiece[]
  readonly notices: readonly Notice[]
  readonly recallMs: number
}

interface Wanted {
  readonly question: string
  /** The one that is spoken in: its words are in the prompt anyway. */
  readonly thread: string | null
  readonly recall: boolean
  readonly timeoutMs: number
}

/** What was said in other threads and fits the question. What cannot be had in time costs no answer. */
export async function recallEarlier(
  alethia: Pick<Alethia, 'recall'>,
  { question, thread, recall, timeoutMs }: Wanted,
  { signal, trace }: CallContext,
): Promise<Recollection> {
  if (!recall || thread === null) return { asked: false, pieces: [], notices: [], recallMs: 0 }
  const startedMs = performance.now()
  const passed = () => performance.now() - startedMs
  try {
    const input = { query: question, exceptThread: thread, limit: 2 * PIECES_MAX }
    const { recalled } = await alethia.recall(input, { signal, trace, timeoutMs })
    const best = recalled[0]?.score ?? 0
    const close = recalled
      .filter((one) => mayBeSaid(one) && one.score >= best * SCORE_SHARE_MIN)
      .slice(0, PIECES_MAX)
    return {
      asked: true,
      pieces: close.map((one) => toPiece(one, question)),
      notices: [],
      recallMs: passed(),
    }
  } catch {
    if (signal.aborted) throw signal.reason
    return { asked: true, pieces: [], notices: [NOT_RECALLED], recallMs: passed() }
  }
}

/** What somebody said when they may have been in danger is not brought up again unasked. */
function mayBeSaid({ marks = [] }: Recalled): boolean {
  return !marks.includes(MARKS.crisis)
}

function toPiece(recalled: Recalled, question: string): RecalledPiece {
  return { ...recalled, ...excerptOf(recalled.text, question, PIECE_BYTES_MAX) }
}

const NOT_RECALLED: Notice = {
  kind: 'memory-failed',
  detail: 'What was said in earlier threads could not be looked up for this answer.',
}
