import { type RememberedTurn, RunaError, type Turn } from '#protocol'
import type { KeptAnswer } from './kept-turns.ts'

/** Of turns in one answer: a message of the bus holds at most 1 MiB. */
export const TURNS_BYTES_MAX = 512 * 1_024

export interface NamedAnswers {
  readonly turns: Turn[]
  readonly forgotten: string[]
  readonly unknown: string[]
}

/** The answers of these ids, in their order, until a message is full. `read` may reject with ANSWER_UNKNOWN and TURN_FORGOTTEN. */
export async function answersOf(
  ids: readonly string[],
  read: (id: string) => Promise<KeptAnswer>,
): Promise<NamedAnswers> {
  const found: NamedAnswers = { turns: [], forgotten: [], unknown: [] }
  let sizeBytes = 0
  for (const id of ids) {
    const kept = await read(id).catch(whyNot)
    if (kept === 'forgotten' || kept === 'unknown') found[kept].push(id)
    else {
      const turn = turnOf(kept)
      sizeBytes += Buffer.byteLength(JSON.stringify(turn))
      if (found.turns.length > 0 && sizeBytes > TURNS_BYTES_MAX) break
      found.turns.push(turn)
    }
  }
  return found
}

/** What a thread shows of an answer. */
export function turnOf({ record, feedback }: KeptAnswer): Turn {
  const { id, at, question, answer, reason, citations, notices, model, verdicts, timings } = record
  const { totalMs } = timings
  const turn = { id, at, question, answer, reason, citations, notices, model, verdicts, totalMs }
  return feedback ? { ...turn, feedback } : turn
}

/** A turn of which no record is kept: its words, and nothing about them. */
export function turnOfWords({ id, at, utterances }: RememberedTurn): Turn {
  const [question, ...answers] = utterances.map(({ text }) => text)
  return {
    ...{ id, at, question: question ?? '', answer: answers.join(''), reason: 'stop', totalMs: 0 },
    ...{ citations: [], notices: [], verdicts: [], model: { id: '', engine: 'none', digest: '' } },
  }
}

function whyNot(error: unknown): 'forgotten' | 'unknown' {
  if (error instanceof RunaError && error.code === 'TURN_FORGOTTEN') return 'forgotten'
  if (error instanceof RunaError && error.code === 'ANSWER_UNKNOWN') return 'unknown'
  throw error
}
