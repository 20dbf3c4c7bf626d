import { type AnswerRecord, type RememberedThread, type RememberedTurn, RunaError } from '#protocol'
import { OFF_BYTES_MAX, OFF_THREADS_MAX, OFF_TURNS_MAX } from './limits.ts'
import { bytesOf } from './log/entry.ts'
import { titleOf } from './title.ts'

/** Conversations that nothing keeps. They end with `close`, or with the process. */
export interface OffTheRecord {
  has(thread: string): boolean
  /** Throws MEMORY_FULL. */
  add(turn: RememberedTurn, record?: AnswerRecord): void
  find(id: string): RememberedTurn | undefined
  record(id: string): AnswerRecord | undefined
  threads(): RememberedThread[]
  thread(id: string): { thread: RememberedThread; turns: RememberedTurn[] } | undefined
  /** Whether one more turn fits, by count: into a thread that is there, and into a new one. */
  room(): { readonly turnFits: boolean; readonly threadFits: boolean }
  /** Throws THREAD_UNKNOWN. */
  close(thread: string): void
}

interface Held {
  readonly turn: RememberedTurn
  readonly record: AnswerRecord | undefined
  readonly sizeBytes: number
}

/**
 * At a limit one more turn is refused. With `makesRoom` the thread that was used longest ago goes instead: for who did not
 * choose to be off the record, and would have to close thread after thread.
 */
export function createOffTheRecord({ makesRoom }: { readonly makesRoom: boolean }): OffTheRecord {
  /** The one used last is the last. */
  const threads = new Map<string, Held[]>()
  const all = () => [...threads.values()].flat()

  function turnFits(sizeBytes: number): boolean {
    const held = all()
    const usedBytes = held.reduce((sum, other) => sum + other.sizeBytes, 0)
    return held.length < OFF_TURNS_MAX && usedBytes + sizeBytes <= OFF_BYTES_MAX
  }

  function fits(thread: string, sizeBytes: number): boolean {
    return turnFits(sizeBytes) && (threads.has(thread) || threads.size < OFF_THREADS_MAX)
  }

  function makeRoom(thread: string, sizeBytes: number): void {
    for (const other of [...threads.keys()].filter((id) => id !== thread)) {
      if (fits(thread, sizeBytes)) return
      threads.delete(other)
    }
  }

  function describe(id: string, held: readonly Held[]): RememberedThread {
    const title = titleOf(held[0]?.turn.utterances[0]?.text ?? '')
    return { id, title, turns: held.length, updatedAt: held.at(-1)?.turn.at ?? 0, offTheRecord: true }
  }

  return {
    has: (thread) => threads.has(thread),
    add(turn, record) {
      const sizeBytes = bytesOf(turn) + (record ? Buffer.byteLength(JSON.stringify(record)) : 0)
      if (makesRoom) makeRoom(turn.thread, sizeBytes)
      if (!fits(turn.thread, sizeBytes)) {
        throw new RunaError('MEMORY_FULL', 'No more fits beside the record. End such a conversation first.')
      }
      const before = threads.get(turn.thread) ?? []
      threads.delete(turn.thread)
      threads.set(turn.thread, [...before, { turn, record, sizeBytes }])
    },
    find: (id) => all().find(({ turn }) => turn.id === id)?.turn,
    record: (id) => all().find(({ turn }) => turn.id === id)?.record,
    threads: () => [...threads].map(([id, held]) => describe(id, held)),
    thread(id) {
      const held = threads.get(id)
      return held && { thread: describe(id, held), turns: held.map(({ turn }) => turn) }
    },
    room: () => ({ turnFits: makesRoom || turnFits(0), threadFits: makesRoom || fits('', 0) }),
    close(thread) {
      if (threads.delete(thread)) return
      throw new RunaError('THREAD_UNKNOWN', 'There is no such thread off the record.')
    },
  }
}
