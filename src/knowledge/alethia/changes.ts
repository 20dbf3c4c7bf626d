import { createHash } from 'node:crypto'
import { isDeepStrictEqual } from 'node:util'
import {
  type AnswerRecord,
  type Feedback,
  type ForgetChoice,
  type RememberedTurn,
  RunaError,
} from '#protocol'
import { FEEDBACKS_PER_TURN_MAX, TURNS_PER_FORGET_MAX } from './limits.ts'
import { type Entry, encodeEntry } from './log/entry.ts'
import type { RecordLog } from './log/record-log.ts'
import { findTurn } from './look-ups.ts'
import type { OffTheRecord } from './off-the-record.ts'
import type { Turns } from './turns.ts'

export interface NewTurn extends Omit<RememberedTurn, 'at'> {
  /** Milliseconds since 1970; now, where it is left out. */
  readonly at?: number | undefined
  readonly record?: AnswerRecord | undefined
  readonly offTheRecord?: boolean | undefined
}

export interface Forgotten {
  /** Oldest first. */
  readonly turns: readonly RememberedTurn[]
  /** What to pass in order to forget just these. */
  readonly confirm: string
  readonly done: boolean
}

/** What is changed on the disk and then in memory. Whoever calls one of them waits for it before the next. */
export interface Changes {
  remember(turn: NewTurn): Promise<void>
  feedback(turn: string, feedback: Omit<Feedback, 'at'>): Promise<void>
  forget(choice: ForgetChoice, confirm: string | undefined): Promise<Forgotten>
  destroyCondemned(): Promise<void>
}

interface Parts {
  readonly log: RecordLog
  readonly turns: Turns
  readonly off: OffTheRecord
  readonly nowMs: () => number
  readonly onForgotten: (turns: readonly string[]) => void
}

export function createChanges({ log, turns, off, nowMs, onForgotten }: Parts): Changes {
  /** A death between the wish and the destruction of the keys: it is finished now, or with the next wish. */
  async function destroyCondemned(): Promise<void> {
    const left = [...turns.condemned()].filter((sequence) => log.hasKey(sequence))
    if (left.length === 0) return
    try {
      await log.destroyKeys(new Set(left))
    } catch (cause) {
      const message =
        'The turns are forgotten, but the disk refused to destroy their keys. It is tried again.'
      throw new RunaError('JOURNAL_FAILED', message, { cause })
    }
  }

  async function append(entry: Entry & { readonly record?: AnswerRecord | undefined }): Promise<void> {
    const sequence = await log.append(encodeEntry(entry))
    turns.take(entry, sequence)
  }

  async function remember({ record, offTheRecord = false, ...said }: NewTurn): Promise<void> {
    const turn: RememberedTurn = { ...said, at: said.at ?? nowMs() }
    const known = turns.find(turn.id)?.turn ?? off.find(turn.id)
    if (known && isDeepStrictEqual({ ...known, at: 0 }, { ...turn, at: 0 })) return
    if (known) throw new RunaError('VERSION_CONFLICT', 'Another turn is remembered under this id.')
    if (offTheRecord ? turns.hasThread(turn.thread) : off.has(turn.thread)) {
      throw new RunaError('BAD_INPUT', 'A thread is on the record or off it as a whole.')
    }
    if (record !== undefined && record.id !== turn.id) {
      throw new RunaError('BAD_INPUT', 'The record belongs to another turn.')
    }
    if (offTheRecord) return off.add(turn, record)
    turns.admit(turn)
    await append({ kind: 'turn', turn, record })
  }

  async function feedback(id: string, feedback: Omit<Feedback, 'at'>): Promise<void> {
    const { sequence, feedbacks } = findTurn(turns, off, id)
    // Off the record, what somebody thinks of an answer is not kept either.
    if (sequence === undefined) return
    if (feedbacks >= FEEDBACKS_PER_TURN_MAX) {
      throw new RunaError('MEMORY_FULL', `There are ${feedbacks} words on this answer, and no more fit.`)
    }
    await append({ kind: 'feedback', turn: id, feedback: { ...feedback, at: nowMs() } })
  }

  async function forget(choice: ForgetChoice, confirm: string | undefined): Promise<Forgotten> {
    const chosen = turns.choose(choice)
    const ids = chosen.map(({ turn }) => turn.id)
    const result = { turns: chosen.map(({ turn }) => turn), confirm: digestOf(ids) }
    if (confirm === undefined) return { ...result, done: false }
    if (confirm !== result.confirm) {
      throw new RunaError('VERSION_CONFLICT', 'Other turns would be forgotten than those that were shown.')
    }
    if (ids.length > TURNS_PER_FORGET_MAX) {
      throw new RunaError('BAD_INPUT', `At most ${TURNS_PER_FORGET_MAX} turns are forgotten at once.`)
    }
    const sequences = chosen.flatMap(({ sequence, feedbackSequences }) => [sequence, ...feedbackSequences])
    // The wish first: from here on it is carried out, whoever dies.
    if (ids.length > 0) {
      await append({ kind: 'forget', at: nowMs(), turns: ids, sequences })
      onForgotten(ids)
    }
    await destroyCondemned()
    return { ...result, done: true }
  }

  return { remember, feedback, forget, destroyCondemned }
}

function digestOf(ids: readonly string[]): string {
  return createHash('sha256')
    .update([...ids].sort().join('\n'))
    .digest('hex')
}
