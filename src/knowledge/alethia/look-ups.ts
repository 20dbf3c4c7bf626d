import {
  type AnswerRecord,
  type Feedback,
  type RememberedThread,
  type RememberedTurn,
  RunaError,
} from '#protocol'
import { decodeAnswer } from './log/entry.ts'
import type { RecordLog } from './log/record-log.ts'
import type { OffTheRecord } from './off-the-record.ts'
import type { Turns } from './turns.ts'

/** On the record or off it. Throws TURN_UNKNOWN, TURN_FORGOTTEN. */
export function findTurn(turns: Turns, off: OffTheRecord, id: string) {
  const held = turns.find(id)
  const turn = held?.turn ?? off.find(id)
  if (!turn) throw new RunaError('TURN_UNKNOWN')
  const feedbacks = held?.feedbackSequences.length ?? 0
  return { turn, sequence: held?.sequence, feedback: held?.feedback, feedbacks }
}

interface TimelineFilter {
  readonly before?: string | undefined
  /** From this moment on, and before that one. */
  readonly from?: number | undefined
  readonly to?: number | undefined
  readonly speaker?: string | undefined
}

/** With what shaped its answer, where somebody has kept that. */
interface ExplainedTurn {
  readonly turn: RememberedTurn
  readonly record?: AnswerRecord
  readonly feedback?: Feedback
}

interface TurnsNamed {
  readonly found: readonly Pick<ExplainedTurn, 'turn' | 'feedback'>[]
  readonly forgotten: readonly string[]
  readonly unknown: readonly string[]
}

/** What is asked for without words to look for. */
export interface LookUps {
  /** Throws TURN_UNKNOWN, TURN_FORGOTTEN. */
  turn(id: string): { turn: RememberedTurn; feedback?: Feedback }
  /** Which of these are there, which were forgotten, and which never were. */
  turnsOf(ids: readonly string[]): TurnsNamed
  /** Of a thread, the newest first. Rejects with THREAD_UNKNOWN, MEMORY_CORRUPT, JOURNAL_CORRUPT. */
  records(thread: string, before?: string): AsyncGenerator<ExplainedTurn & { older: number }, void>
  /** Everything that shaped one answer. Rejects with TURN_UNKNOWN, TURN_FORGOTTEN. */
  answer(id: string): Promise<{ record: AnswerRecord; feedback?: Feedback }>
  /** On the record, the newest first, from the one after `before` on. Throws TURN_UNKNOWN, TURN_FORGOTTEN. */
  timeline(filter: TimelineFilter): { turn: RememberedTurn; feedback?: Feedback | undefined }[]
  forgottenAmong(ids: readonly string[]): string[]
  /** Whoever said something on the record. */
  speakers(): string[]
  /** The last used first. */
  threads(): RememberedThread[]
  /** Throws THREAD_UNKNOWN. */
  thread(id: string): { thread: RememberedThread; turns: readonly RememberedTurn[] }
}

export function createLookUps(log: RecordLog, turns: Turns, off: OffTheRecord): LookUps {
  async function explain(id: string): Promise<ExplainedTurn> {
    const { turn, sequence, feedback } = findTurn(turns, off, id)
    const content = sequence === undefined ? undefined : await log.read(sequence)
    const record = content ? decodeAnswer(content) : off.record(id)
    return { turn, ...(record && { record }), ...(feedback && { feedback }) }
  }

  return {
    turn(id) {
      const { turn, feedback } = findTurn(turns, off, id)
      return { turn, ...(feedback && { feedback }) }
    },
    async answer(id) {
      const { record, feedback } = await explain(id)
      // Where it was forgotten while it was read, that is why.
      if (!record) findTurn(turns, off, id)
      if (!record) throw new RunaError('TURN_UNKNOWN', 'No answer record is kept of this turn.')
      return { record, ...(feedback && { feedback }) }
    },
    turnsOf: (ids) => sortOut(new Set(ids), turns, off),
    async *records(thread, before) {
      const found = turns.thread(thread) ?? off.thread(thread)
      if (!found) throw new RunaError('THREAD_UNKNOWN')
      for (let older = endBefore(found.turns, before) - 1; older >= 0; older -= 1) {
        const { id } = found.turns[older] as RememberedTurn
        // It may have been forgotten since.
        if (isThere(turns, off, id)) yield { ...(await explain(id)), older }
      }
    },
    timeline({ before, speaker, ...time }) {
      const older = before === undefined ? undefined : turns.find(before)?.turn
      if (before !== undefined && older === undefined) throw new RunaError('TURN_UNKNOWN')
      return turns
        .choose(time)
        .filter(({ turn }) => speaker === undefined || spokeIn(turn, speaker))
        .filter(({ turn }) => older === undefined || byAge(turn, older) > 0)
        .sort((a, b) => byAge(a.turn, b.turn))
    },
    forgottenAmong: (ids) => ids.filter((id) => turns.isForgotten(id)),
    speakers: () => turns.speakers(),
    threads: () => [...turns.threads(), ...off.threads()].sort((a, b) => b.updatedAt - a.updatedAt),
    thread(id) {
      const found = turns.thread(id) ?? off.thread(id)
      if (!found) throw new RunaError('THREAD_UNKNOWN')
      return found
    },
  }
}

/** The newest first. Of one moment, ids tell, so that the order is always the same. */
function byAge(a: RememberedTurn, b: RememberedTurn): number {
  return b.at - a.at || (a.id < b.id ? 1 : a.id > b.id ? -1 : 0)
}

function spokeIn({ utterances }: RememberedTurn, name: string): boolean {
  return utterances.some(({ speaker }) => speaker.toLowerCase() === name.toLowerCase())
}

/** Where the turns end that are older than `before`. Throws BAD_INPUT where that is none of them. */
export function endBefore(turns: readonly RememberedTurn[], before: string | undefined): number {
  const end = before === undefined ? turns.length : turns.findIndex((turn) => turn.id === before)
  if (end < 0) throw new RunaError('BAD_INPUT', 'The turn before which to look is not in this thread.')
  return end
}

function isThere(turns: Turns, off: OffTheRecord, id: string): boolean {
  return !turns.isForgotten(id) && (turns.find(id) ?? off.find(id)) !== undefined
}

function sortOut(ids: ReadonlySet<string>, turns: Turns, off: OffTheRecord): TurnsNamed {
  const named = [...ids]
  const forgotten = named.filter((id) => turns.isForgotten(id))
  const found = named.filter((id) => isThere(turns, off, id))
  return {
    found: found.map((id) => {
      const { turn, feedback } = findTurn(turns, off, id)
      return { turn, ...(feedback && { feedback }) }
    }),
    forgotten,
    unknown: named.filter((id) => !forgotten.includes(id) && !found.includes(id)),
  }
}
