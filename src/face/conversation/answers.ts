import { type AnswerRecord, RunaError, type Turn } from '#protocol'

/** One message of the bus holds at most 1 MiB. */
const ANSWERS_BYTES_MAX = 512 * 1_024

export interface NamedAnswers {
  readonly turns: Turn[]
  readonly forgotten: string[]
  readonly unknown: string[]
}

/** The answers of these ids, in their order, until a message is full. `read` may reject with TURN_FORGOTTEN. */
export async function answersOf(
  ids: readonly string[],
  read: (id: string) => Promise<AnswerRecord | undefined>,
): Promise<NamedAnswers> {
  const found: NamedAnswers = { turns: [], forgotten: [], unknown: [] }
  let sizeBytes = 0
  for (const id of ids) {
    const record = await read(id).catch(unlessForgotten)
    if (record === 'forgotten') found.forgotten.push(id)
    else if (record === undefined) found.unknown.push(id)
    else {
      const turn = turnOf(record)
      sizeBytes += Buffer.byteLength(JSON.stringify(turn))
      if (found.turns.length > 0 && sizeBytes > ANSWERS_BYTES_MAX) break
      found.turns.push(turn)
    }
  }
  return found
}

/** What a thread shows of an answer. */
export function turnOf(record: AnswerRecord): Turn {
  const { id, at, question, answer, reason, citations, notices, model, verdicts, timings } = record
  const { totalMs } = timings
  return { id, at, question, answer, reason, citations, notices, model, verdicts, totalMs }
}

function unlessForgotten(error: unknown): 'forgotten' {
  if (error instanceof RunaError && error.code === 'TURN_FORGOTTEN') return 'forgotten'
  throw error
}
