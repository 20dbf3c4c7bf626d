import { type AnswerRecord, type RememberedThread, type RememberedTurn, RunaError } from '#protocol'
import { bytesOf } from './entry.ts'
import { OFF_BYTES_MAX, OFF_THREADS_MAX, OFF_TURNS_MAX } from './limits.ts'
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
  /** Throws THREAD_UNKNOWN. */
  close(thread: string): void
}

export function createOffTheRecord(): OffTheRecord {
  const threads = new Map<string, RememberedTurn[]>()
  const records = new Map<string, AnswerRecord>()
  const sizes = new Map<string, number>()
  const all = () => [...threads.values()].flat()

  function describe(id: string, turns: readonly RememberedTurn[]): RememberedThread {
    const title = titleOf(turns[0]?.utterances[0]?.text ?? '')
    return { id, title, turns: turns.length, updatedAt: turns.at(-1)?.at ?? 0, offTheRecord: true }
  }

  return {
    has: (thread) => threads.has(thread),
    add(turn, record) {
      const turns = all()
      const ownBytes = bytesOf(turn) + (record ? Buffer.byteLength(JSON.stringify(record)) : 0)
      const sizeBytes = [...sizes.values()].reduce((sum, bytes) => sum + bytes, ownBytes)
      const newThread = threads.has(turn.thread) ? 0 : 1
      if (
        turns.length >= OFF_TURNS_MAX ||
        sizeBytes > OFF_BYTES_MAX ||
        threads.size + newThread > OFF_THREADS_MAX
      ) {
        throw new RunaError('MEMORY_FULL', 'No more fits beside the record. End such a conversation first.')
      }
      threads.set(turn.thread, [...(threads.get(turn.thread) ?? []), turn])
      sizes.set(turn.id, ownBytes)
      if (record) records.set(turn.id, record)
    },
    find: (id) => all().find((turn) => turn.id === id),
    record: (id) => records.get(id),
    threads: () => [...threads].map(([id, turns]) => describe(id, turns)),
    thread(id) {
      const turns = threads.get(id)
      return turns && { thread: describe(id, turns), turns }
    },
    close(thread) {
      const turns = threads.get(thread)
      if (!turns) throw new RunaError('THREAD_UNKNOWN', 'There is no such thread off the record.')
      threads.delete(thread)
      for (const { id } of turns) {
        records.delete(id)
        sizes.delete(id)
      }
    },
  }
}
