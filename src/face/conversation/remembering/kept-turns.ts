import {
  type AnswerRecord,
  type CallContext,
  type Feedback,
  type RememberedTurn,
  RunaError,
  TURNS_NAMED_MAX,
} from '#protocol'
import type { Alethia } from './alethia-client.ts'
import type { TurnsById } from './earlier-words.ts'

export interface KeptAnswer {
  readonly record: AnswerRecord
  readonly feedback?: Feedback | undefined
}

/** Rejects with ANSWER_UNKNOWN, TURN_FORGOTTEN. */
export async function readAnswer(
  alethia: Pick<Alethia, 'answer'>,
  id: string,
  { signal, trace }: CallContext,
): Promise<KeptAnswer> {
  try {
    return await alethia.answer({ id }, { signal, trace })
  } catch (error) {
    if (!(error instanceof RunaError) || error.code !== 'TURN_UNKNOWN') throw error
    throw new RunaError('ANSWER_UNKNOWN', undefined, { cause: error })
  }
}

/** Of which a record's prompt has words. */
export function turnsInPrompt({ prompt }: Pick<AnswerRecord, 'prompt'>): string[] {
  return prompt.flatMap(({ said }) => said.map(({ turn }) => turn))
}

export interface ReadTurns {
  readonly turns: TurnsById
  readonly forgotten: readonly string[]
  /** Of which alethia knows nothing, as of a thread off the record that was closed. */
  readonly unknown: readonly string[]
}

export async function readTurns(
  alethia: Pick<Alethia, 'turns'>,
  ids: readonly string[],
  { signal, trace }: CallContext,
): Promise<ReadTurns> {
  const turns = new Map<string, RememberedTurn>()
  const [forgotten, unknown]: [string[], string[]] = [[], []]
  let wanted = [...new Set(ids)]
  while (wanted.length > 0) {
    const found = await alethia.turns({ ids: wanted.slice(0, TURNS_NAMED_MAX) }, { signal, trace })
    for (const turn of found.turns) turns.set(turn.id, turn)
    forgotten.push(...found.forgotten)
    unknown.push(...found.unknown)
    wanted = [...found.left, ...wanted.slice(TURNS_NAMED_MAX)]
  }
  return { turns, forgotten, unknown }
}
