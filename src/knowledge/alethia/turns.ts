import {
  type Feedback,
  type ForgetChoice,
  type Recalled,
  type RememberedThread,
  type RememberedTurn,
  RunaError,
} from '#protocol'
import { TEXT_BYTES_MAX, TURNS_MAX } from './limits.ts'
import { bytesOf, type Entry } from './log/entry.ts'
import { createRecallIndex, type RecallFilter } from './recall-index.ts'
import { titleOf } from './title.ts'

interface Held {
  readonly turn: RememberedTurn
  readonly sequence: number
  /** Of all the feedback on it, so that it can be forgotten with the turn. */
  readonly feedbackSequences: number[]
  feedback?: Feedback
}

/** What the records amount to, in memory. Changes nothing on the disk. */
export interface Turns {
  /** Takes what one record says. Throws MEMORY_FULL. */
  take(entry: Entry, sequence: number): void
  /** Throws MEMORY_FULL where this turn does not fit any more. */
  admit(turn: RememberedTurn): void
  isFull(): boolean
  /** Undefined for one that was never there. Throws TURN_FORGOTTEN. */
  find(id: string): Held | undefined
  hasThread(thread: string): boolean
  threads(): RememberedThread[]
  thread(id: string): { thread: RememberedThread; turns: RememberedTurn[] } | undefined
  recall(query: string, filter: RecallFilter, limit: number): Recalled[]
  /** Oldest first, in the order in which they were remembered. */
  choose(choice: ForgetChoice): Held[]
  speakers(): string[]
  count(): number
  forgotten(): number
  isForgotten(id: string): boolean
  /** Sequences of records that somebody wished away, also those whose keys are gone. */
  condemned(): ReadonlySet<number>
}

export function createTurns(): Turns {
  const held = new Map<string, Held>()
  const threads = new Map<string, Held[]>()
  const forgotten = new Set<string>()
  const condemned = new Set<number>()
  let textBytes = 0
  const index = createRecallIndex()

  function add(turn: RememberedTurn, sequence: number): void {
    const entry: Held = { turn, sequence, feedbackSequences: [] }
    held.set(turn.id, entry)
    const said = threads.get(turn.thread)
    if (said) said.push(entry)
    else threads.set(turn.thread, [entry])
    textBytes += bytesOf(turn)
    index.add(turn)
  }

  function drop(ids: readonly string[]): void {
    for (const id of ids) {
      forgotten.add(id)
      const entry = held.get(id)
      if (!entry) continue
      held.delete(id)
      textBytes -= bytesOf(entry.turn)
      const left = (threads.get(entry.turn.thread) ?? []).filter((other) => other !== entry)
      if (left.length > 0) threads.set(entry.turn.thread, left)
      else threads.delete(entry.turn.thread)
      index.remove(entry.turn)
    }
  }

  return {
    take(entry, sequence) {
      if (entry.kind === 'turn' && !forgotten.has(entry.turn.id)) add(entry.turn, sequence)
      if (entry.kind === 'feedback') {
        const about = held.get(entry.turn)
        about?.feedbackSequences.push(sequence)
        if (about) about.feedback = entry.feedback
      }
      if (entry.kind === 'forget') {
        for (const gone of entry.sequences) condemned.add(gone)
        drop(entry.turns)
      }
    },
    admit(turn) {
      if (held.size < TURNS_MAX && textBytes + bytesOf(turn) <= TEXT_BYTES_MAX) return
      throw new RunaError('MEMORY_FULL', `The memory holds ${held.size} turns, and no more fit.`)
    },
    isFull: () => held.size >= TURNS_MAX || textBytes >= TEXT_BYTES_MAX,
    find(id) {
      if (forgotten.has(id)) throw new RunaError('TURN_FORGOTTEN')
      return held.get(id)
    },
    hasThread: (thread) => threads.has(thread),
    threads: () => [...threads].map(([id, said]) => describe(id, said)),
    thread(id) {
      const said = threads.get(id)
      return said && { thread: describe(id, said), turns: said.map(({ turn }) => turn) }
    },
    recall: (query, filter, limit) => index.recall(query, filter, limit),
    choose: (choice) => [...held.values()].filter(({ turn }) => fits(choice, turn)),
    speakers: () => index.speakers(),
    count: () => held.size,
    forgotten: () => forgotten.size,
    isForgotten: (id) => forgotten.has(id),
    condemned: () => condemned,
  }
}

function fits(choice: ForgetChoice, turn: RememberedTurn): boolean {
  const { turns, thread, from = 0, to = Number.POSITIVE_INFINITY } = choice
  const words = choice.containing?.toLowerCase()
  return (
    (turns === undefined || turns.includes(turn.id)) &&
    (thread === undefined || thread === turn.thread) &&
    turn.at >= from &&
    turn.at < to &&
    (words === undefined || turn.utterances.some(({ text }) => text.toLowerCase().includes(words)))
  )
}

function describe(id: string, said: readonly Held[]): RememberedThread {
  const title = titleOf(said[0]?.turn.utterances[0]?.text ?? '')
  return { id, title, turns: said.length, updatedAt: said.at(-1)?.turn.at ?? 0, offTheRecord: false }
}
