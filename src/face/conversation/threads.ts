import type { conversationContract, Handlers, MemoryFault, RememberedThread, Thread, Turn } from '#protocol'
import type { Migration } from './migration/migration.ts'
import type { Alethia } from './remembering/alethia-client.ts'
import { answersOf, TURNS_BYTES_MAX, turnOf, turnOfWords } from './remembering/answers.ts'
import { fillPart } from './remembering/earlier-words.ts'
import { readAnswer, readTurns, turnsInPrompt } from './remembering/kept-turns.ts'
import type { Memory } from './remembering/memory.ts'

type Operations = Handlers<typeof conversationContract>
type ThreadHandlers = Pick<
  Operations,
  'threads' | 'thread' | 'removeThread' | 'closeThread' | 'answer' | 'answers'
>

interface ThreadNeeds {
  readonly alethia: Alethia
  readonly announce: (thread: { readonly id: string }) => void
}

const NOT_KEPT = {
  file: '',
  message:
    'Nothing that is said is kept, since Runa runs without coven, which holds the key of the memory. What is said now is gone when Runa stops.',
}

/** The operations that answer from what alethia keeps. */
export function createThreadHandlers(
  { alethia, announce }: ThreadNeeds,
  memory: Pick<Memory, 'remove' | 'close'>,
  migration: Migration,
): ThreadHandlers {
  return {
    async threads({ limit }, { signal, trace }) {
      await migration.settled(signal)
      const options = { signal, trace }
      const [{ threads }, { kept, faults }] = await Promise.all([
        alethia.threads({ limit }, options),
        alethia.state({}, options),
      ])
      const amiss = [...(kept ? [] : [NOT_KEPT]), ...faults.map(toFault), ...migration.faults()]
      return { threads: threads.map(toThread), faults: amiss }
    },
    async thread({ id, before }, { signal, trace }) {
      await migration.settled(signal)
      const options = { signal, trace }
      const { thread } = await alethia.thread({ id, turnsMax: 1 }, options)
      const turns: Turn[] = []
      let omitted = 0
      let sizeBytes = 0
      const asked = before === undefined ? { thread: id } : { thread: id, before }
      for await (const { turn, record, feedback, older } of alethia.records(asked, options)) {
        const view = record ? turnOf({ record, feedback }) : turnOfWords(turn)
        sizeBytes += Buffer.byteLength(JSON.stringify(view))
        omitted = older + 1
        if (turns.length > 0 && sizeBytes > TURNS_BYTES_MAX) break
        turns.unshift(view)
        omitted = older
      }
      return { thread: toThread(thread), turns, omitted }
    },
    async removeThread({ id }) {
      await memory.remove(id)
      announce({ id })
      return {}
    },
    async closeThread({ id }) {
      await memory.close(id)
      announce({ id })
      return {}
    },
    answers: ({ ids }, { signal, trace }) =>
      answersOf(ids, (id) => readAnswer(alethia, id, { signal, trace })),
    async answer({ id }, context) {
      const { record } = await readAnswer(alethia, id, context)
      const { turns, forgotten } = await readTurns(alethia, turnsInPrompt(record), context)
      const prompt = record.prompt.map((part) => fillPart(part, turns))
      return { ...record, prompt, forgotten: [...forgotten] }
    },
  }
}

function toThread({ id, title, turns, updatedAt, offTheRecord }: RememberedThread): Thread {
  return { id, title, turns, updatedAt, offTheRecord }
}

function toFault({ day, message }: MemoryFault) {
  return { file: day === '' ? '' : `memory/${day}`, message }
}
