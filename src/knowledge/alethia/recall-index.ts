import { Bm25Index, bestRows, termsOf } from '#knowledge/search'
import { type Recalled, type RememberedTurn, UNANSWERED_MARK, type Utterance } from '#protocol'
import { createSpeakers } from './speakers.ts'
import { createThreadWords, maxOf } from './thread-words.ts'

export interface RecallFilter {
  /** From this moment on, and before that one. */
  readonly from?: number | undefined
  readonly to?: number | undefined
  readonly speaker?: string | undefined
  readonly thread?: string | undefined
  readonly exceptThread?: string | undefined
}

/** Finds utterances by their words and by what was said around them. All of it lies in memory. */
export interface RecallIndex {
  add(turn: RememberedTurn): void
  /** No word of it stays behind. */
  remove(turn: RememberedTurn): void
  recall(query: string, filter: RecallFilter, limit: number): Recalled[]
  /** As they were first written. */
  speakers(): string[]
}

interface Row extends Utterance {
  readonly turn: RememberedTurn
  /** Which of the turn's utterances it is. */
  readonly utterance: number
}

/**
 * Tuned on LoCoMo's conversations 0-4 and measured on 5-9: what stands before and after an utterance says what it is
 * about, so does its conversation, and who is named probably said it.
 */
const OPTIONS = { k1: 0.6, b: 0.3 }
const NEIGHBOURS = [
  { distance: -1, weight: 0.3 },
  { distance: -2, weight: 0.3 },
  { distance: 1, weight: 0.15 },
] as const
const THREAD_WEIGHT = 0.4
const NAMED_FACTOR = 1.4

export function createRecallIndex(): RecallIndex {
  const words = new Bm25Index(OPTIONS)
  const rows: (Row | undefined)[] = []
  const threads = createThreadWords()
  const speakers = createSpeakers()

  function scoreRows(
    terms: readonly string[],
    named: string | undefined,
    filter: RecallFilter,
  ): Float32Array {
    const alone = words.score(terms)
    const threadShare = THREAD_WEIGHT * maxOf(alone)
    const ofThreads = threads.score(terms)
    const scores = new Float32Array(rows.length)
    for (const [id, { rows: said, score: ofThread }] of ofThreads) {
      if (!wantsThread(filter, id)) continue
      for (const [place, row] of said.entries()) {
        const { turn, speaker } = rows[row] as Row
        if (!wantsUtterance(filter, turn, speaker)) continue
        let score = (alone[row] as number) + threadShare * ofThread
        for (const { distance, weight } of NEIGHBOURS) {
          score += weight * (alone[said[place + distance] ?? -1] ?? 0)
        }
        scores[row] = speaker.toLowerCase() === named ? score * NAMED_FACTOR : score
      }
    }
    return scores
  }

  return {
    add(turn) {
      const telling = turn.marks?.includes(UNANSWERED_MARK) ? turn.utterances.slice(0, 1) : turn.utterances
      for (const [utterance, { speaker, text }] of telling.entries()) {
        const terms = termsOf(text)
        threads.add(turn.thread, words.add(terms), terms)
        rows.push({ turn, utterance, speaker, text })
        speakers.count(speaker, 1)
      }
    },
    remove(turn) {
      const gone = new Set(threads.rowsOf(turn.thread).filter((row) => rows[row]?.turn.id === turn.id))
      for (const row of gone) {
        speakers.count(rows[row]?.speaker ?? '', -1)
        words.remove(row)
        rows[row] = undefined
      }
      threads.remove(turn.thread, gone, (row) => termsOf(rows[row]?.text ?? ''))
    },
    recall(query, filter, limit) {
      const { terms, named } = speakers.read(query)
      const scores = scoreRows(terms, named, filter)
      return bestRows(scores, limit).map((row) => {
        const { turn, utterance, speaker, text } = rows[row] as Row
        return {
          turn: turn.id,
          thread: turn.thread,
          at: turn.at,
          utterance,
          ...(turn.marks && { marks: turn.marks }),
          speaker,
          text,
          score: scores[row] as number,
        }
      })
    },
    speakers: () => speakers.names(),
  }
}

function wantsThread({ thread, exceptThread }: RecallFilter, id: string): boolean {
  return (thread === undefined || thread === id) && exceptThread !== id
}

function wantsUtterance(
  { from = 0, to = Number.POSITIVE_INFINITY, speaker }: RecallFilter,
  turn: RememberedTurn,
  who: string,
): boolean {
  const spoke = speaker === undefined || speaker.toLowerCase() === who.toLowerCase()
  return spoke && turn.at >= from && turn.at < to
}
