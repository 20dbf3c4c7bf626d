import {
  type AnswerRecord,
  type CallContext,
  type conversationContract,
  createUuidV7,
  type Handlers,
  type Notice,
  type RememberedTurn,
  RunaError,
  type TurnItem,
} from '#protocol'
import { createExplaining } from './looking-back/explaining.ts'
import { type Migration, NO_MIGRATION } from './migration/migration.ts'
import type { Asked, TurnNeeds } from './needs.ts'
import type { LoadedPersona, Personas } from './personas.ts'
import type { PastMessage } from './prompt.ts'
import type { Alethia } from './remembering/alethia-client.ts'
import { turnOf } from './remembering/answers.ts'
import { inCrisis } from './remembering/marks.ts'
import { createMemory, type Past } from './remembering/memory.ts'
import { withPatience } from './remembering/patient-memory.ts'
import { createRunningThreads } from './remembering/running.ts'
import { createThreadHandlers } from './threads.ts'
import { type Answering, answer } from './turn.ts'

type Operations = Handlers<typeof conversationContract>
type TurnInput = Parameters<Operations['turn']>[0]
type CompleteInput = Parameters<Operations['complete']>[0]

export interface ConversationNeeds extends TurnNeeds {
  readonly personas: Personas
  readonly alethia: Alethia
  /** Moves threads of an earlier Runa into the memory; nothing is read before it is done. */
  readonly migration?: Migration
  /** Called once a thread has changed in the memory. */
  readonly announce: (thread: { readonly id: string }) => void
}

export interface Conversation {
  readonly handlers: Operations
  /** Resolves once no turn is on its way to the disk any more. */
  settled(): Promise<void>
}

/** The same whether it is stored or not: what was said stands in its turns, and a record only names them. */
const PROMPT_BYTES_MAX = 384 * 1_024

export function createConversation(given: ConversationNeeds): Conversation {
  const needs = { ...given, alethia: withPatience(given.alethia) }
  const { personas, announce, migration = NO_MIGRATION } = needs
  const threads = createRunningThreads()
  const memory = createMemory(needs.alethia, threads)
  const running = new Set<Promise<void>>()

  async function* turn(input: TurnInput, context: CallContext): AsyncGenerator<TurnItem, void> {
    const thread = input.thread ?? createUuidV7()
    const release = threads.claim(thread)
    const { promise, resolve } = withResolvers()
    running.add(promise)
    try {
      await migration.settled(context.signal)
      const past = await memory.begin(input, context)
      yield* store(
        answer(needs, askedInThread(input, thread, past), context),
        { thread, past },
        context.signal,
      )
    } finally {
      release()
      running.delete(promise)
      resolve()
    }
  }

  /** Stores the answer before its `end` is sent, and what had been said where it is stopped or fails. */
  async function* store(
    answering: Answering,
    { thread, past }: { readonly thread: string; readonly past: Past },
    signal: AbortSignal,
  ): AsyncGenerator<TurnItem, void> {
    const keep = async (record: AnswerRecord) => {
      await memory.keep(thread, record, past)
      announce({ id: thread })
    }
    let complete = false
    try {
      yield* answering.items
      complete = true
      const record = answering.record(answering.ended() ?? 'stop')
      await keep(record)
      yield endOf(record)
    } finally {
      const reason = wasStopped(signal) ? 'stopped' : 'failed'
      const record = complete ? undefined : answering.record(reason)
      if (record && (reason === 'stopped' || record.answer !== '')) await keep(record)
    }
  }

  async function* complete(input: CompleteInput, context: CallContext): AsyncGenerator<TurnItem, void> {
    const answering = answer(needs, { ...askedIn(input), promptBytesMax: PROMPT_BYTES_MAX }, context)
    yield* answering.items
    yield endOf(answering.record(answering.ended() ?? 'stop'))
  }

  return {
    handlers: {
      turn,
      complete,
      ...createThreadHandlers(needs, memory, migration),
      ...createExplaining(needs),
      personas: () => listPersonas(personas),
    },
    async settled() {
      await Promise.all(running)
    },
  }
}

async function listPersonas(personas: Personas) {
  const listed = await personas.list()
  return { personas: listed.personas.map(withoutPrompt), faults: listed.faults }
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
  return { kind: 'end', turn: turnOf({ record }), usage: record.usage }
}

const NOT_KEPT: Notice = {
  kind: 'not-kept',
  detail:
    'This turn is not kept: there is no memory, since Runa runs without coven. It ends with the thread.',
}

function askedInThread(input: TurnInput, thread: string, past: Past): Asked {
  const { turns, offTheRecord, kept, recall } = past
  const crisis = inCrisis(turns)
  return {
    ...{ ...input, thread, history: pastOf(turns), crisis },
    // Whoever may be in danger is not reminded of anything.
    recall: recall && !crisis,
    // Off the record, what somebody says about how to speak holds for its own answer alone.
    heard: input.heard && !offTheRecord,
    system: instructionsIn(input),
    notices: kept || input.offTheRecord === true ? [] : [NOT_KEPT],
    promptBytesMax: PROMPT_BYTES_MAX,
  }
}

/** A turn without an answer would leave two questions in a row, which many chat templates refuse. */
function pastOf(turns: readonly RememberedTurn[]): PastMessage[] {
  return turns.flatMap(({ id, utterances }) => {
    const [question, ...said] = utterances.map(({ text }, utterance) => ({ text, utterance }))
    if (!question || said.length === 0) return []
    return [messageOf(id, 'user', [question]), messageOf(id, 'assistant', said)]
  })
}

interface Piece {
  readonly text: string
  readonly utterance: number
}

function messageOf(turn: string, role: 'user' | 'assistant', pieces: readonly Piece[]): PastMessage {
  const said = pieces.map(({ text, utterance }) => {
    return { turn, utterance, start: 0, end: Buffer.byteLength(text) }
  })
  return { origin: `turn ${turn}`, role, content: pieces.map(({ text }) => text).join(''), said }
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
    recall: false,
    notices: [],
    question: question.content,
    crisis: false,
    system: past.filter(({ role }) => role === 'system'),
    history: past.filter(({ role }) => role !== 'system'),
  }
}

function withoutPrompt({ id, name, description, topics, sampling }: LoadedPersona) {
  return { id, name, description, topics, sampling }
}
