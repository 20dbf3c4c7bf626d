import {
  type AnswerRecord,
  type CallContext,
  type conversationContract,
  createUuidV7,
  type Handlers,
  RunaError,
  type Turn,
  type TurnItem,
} from '#protocol'
import { answersOf, turnOf } from './answers.ts'
import { inCrisis } from './manner.ts'
import type { LoadedPersona, Personas } from './personas.ts'
import type { PastMessage } from './prompt.ts'
import type { ThreadStore } from './threads.ts'
import { type Answering, answer, type TurnNeeds } from './turn.ts'

type Operations = Handlers<typeof conversationContract>
type TurnInput = Parameters<Operations['turn']>[0]
type CompleteInput = Parameters<Operations['complete']>[0]

export interface ConversationNeeds extends TurnNeeds {
  readonly personas: Personas
  readonly threads: ThreadStore
  /** Called once a thread has changed on the disk. */
  readonly announce: (thread: { readonly id: string }) => void
}

export interface Conversation {
  readonly handlers: Operations
  /** Resolves once no turn is on its way to the disk any more. */
  settled(): Promise<void>
}

/** A stored prompt holds the history that was read: without a limit of its own, a thread would grow by the square. */
const STORED_PROMPT_BYTES_MAX = 96 * 1_024
const PASSING_PROMPT_BYTES_MAX = 384 * 1_024
/** One message of the bus holds at most 1 MiB. */
const LISTED_BYTES_MAX = 512 * 1_024

export function createConversation(needs: ConversationNeeds): Conversation {
  const { threads, personas, announce } = needs
  const running = new Set<Promise<void>>()

  async function keep(thread: string, record: AnswerRecord): Promise<void> {
    await threads.append(thread, record)
    announce({ id: thread })
  }

  async function* turn(input: TurnInput, context: CallContext): AsyncGenerator<TurnItem, void> {
    const thread = input.thread ?? createUuidV7()
    const isNew =
      input.thread === undefined || (input.begin && !threads.list().some(({ id }) => id === thread))
    const release = threads.claim(thread, isNew)
    const { promise, resolve } = withResolvers()
    running.add(promise)
    try {
      const records = isNew ? [] : (await threads.read(thread)).records
      const past = { history: pastOf(records), crisis: inCrisis(records) }
      const system = instructionsIn(input)
      const asked = { ...input, ...past, thread, system, promptBytesMax: STORED_PROMPT_BYTES_MAX }
      yield* store(answer(needs, asked, context), thread, context.signal)
    } finally {
      release()
      running.delete(promise)
      resolve()
    }
  }

  /** Stores the answer before its `end` is sent, and what had been said where it is stopped or fails. */
  async function* store(
    answering: Answering,
    thread: string,
    signal: AbortSignal,
  ): AsyncGenerator<TurnItem, void> {
    let complete = false
    try {
      yield* answering.items
      complete = true
      const record = answering.record(answering.ended() ?? 'stop')
      await keep(thread, record)
      yield endOf(record)
    } finally {
      const reason = wasStopped(signal) ? 'stopped' : 'failed'
      const record = complete ? undefined : answering.record(reason)
      if (record && (reason === 'stopped' || record.answer !== '')) await keep(thread, record)
    }
  }

  async function* complete(input: CompleteInput, context: CallContext): AsyncGenerator<TurnItem, void> {
    const answering = answer(needs, { ...askedIn(input), promptBytesMax: PASSING_PROMPT_BYTES_MAX }, context)
    yield* answering.items
    yield endOf(answering.record(answering.ended() ?? 'stop'))
  }

  return {
    handlers: { turn, complete, ...createReading(threads, personas, announce) },
    async settled() {
      await Promise.all(running)
    },
  }
}

/** The operations that answer from what is stored. */
function createReading(
  threads: ThreadStore,
  personas: Personas,
  announce: ConversationNeeds['announce'],
): Omit<Operations, 'turn' | 'complete'> {
  return {
    async personas() {
      const listed = await personas.list()
      return { personas: listed.personas.map(withoutPrompt), faults: listed.faults }
    },
    async threads({ limit }) {
      return { threads: threads.list().slice(0, limit), faults: [...threads.faults] }
    },
    async thread({ id, before }) {
      const { thread, records } = await threads.read(id)
      const end = before === undefined ? -1 : records.findIndex((record) => record.id === before)
      const older = (end === -1 ? records : records.slice(0, end)).map(turnOf)
      const turns = newestThatFit(older)
      return { thread, turns, omitted: older.length - turns.length }
    },
    async removeThread({ id }) {
      await threads.remove(id)
      announce({ id })
      return {}
    },
    answers: ({ ids }) => answersOf(ids, (id) => readAnswer(threads, id)),
    async answer({ id }) {
      const record = await readAnswer(threads, id)
      if (!record) throw new RunaError('ANSWER_UNKNOWN')
      return record
    },
  }
}

async function readAnswer(threads: ThreadStore, id: string): Promise<AnswerRecord | undefined> {
  const thread = threads.threadOf(id)
  const { records } = thread === undefined ? { records: [] } : await threads.read(thread)
  return records.find((candidate) => candidate.id === id)
}

function withResolvers(): { promise: Promise<void>; resolve: () => void } {
  let resolve = () => {}
  const promise = new Promise<void>((settle) => {
    resolve = settle
  })
  return { promise, resolve }
}

function wasStopped({ aborted, reason }: AbortSignal): boolean {
  return aborted && reason instanceof RunaError && reason.code === 'CANCELLED'
}

function endOf(record: AnswerRecord): TurnItem {
  return { kind: 'end', turn: turnOf(record), usage: record.usage }
}

/** A turn without an answer would leave two questions in a row, which many chat templates refuse. */
function pastOf(records: readonly AnswerRecord[]): PastMessage[] {
  const told = records.filter((record) => record.answer !== '')
  return told.flatMap(({ id, question, answer: said }) => [
    { origin: `turn ${id}`, role: 'user', content: question },
    { origin: `turn ${id}`, role: 'assistant', content: said },
  ])
}

function instructionsIn({ instructions }: TurnInput): PastMessage[] {
  return instructions === '' ? [] : [{ origin: 'caller', role: 'system', content: instructions }]
}

function askedIn({ messages, ...input }: CompleteInput) {
  const question = messages.at(-1)
  if (question?.role !== 'user' || question.content.trim() === '') {
    throw new RunaError('BAD_INPUT', 'messages: the last one must be a question of the role `user`')
  }
  const past = messages.slice(0, -1).map((message): PastMessage => ({ ...message, origin: 'caller' }))
  return {
    ...input,
    thread: null,
    heard: false,
    question: question.content,
    crisis: false,
    system: past.filter(({ role }) => role === 'system'),
    history: past.filter(({ role }) => role !== 'system'),
  }
}

function withoutPrompt({ id, name, description, topics, sampling }: LoadedPersona) {
  return { id, name, description, topics, sampling }
}

function newestThatFit(turns: readonly Turn[]): Turn[] {
  let bytes = 0
  const newestFirst = [...turns].reverse()
  const end = newestFirst.findIndex((turn, index) => {
    bytes += Buffer.byteLength(JSON.stringify(turn))
    return index > 0 && bytes > LISTED_BYTES_MAX
  })
  return newestFirst.slice(0, end === -1 ? turns.length : end).reverse()
}
