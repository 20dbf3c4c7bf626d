import * as z from 'zod'
import { defineContract, sensitive } from '../contract.ts'
import {
  computationSchema,
  endReasonSchema,
  MESSAGES_MAX,
  messageSchema,
  modelUsedSchema,
  numberedPassageSchema,
  QUESTION_LENGTH_MAX,
  samplingSchema,
  usageSchema,
  verdictSchema,
} from './completion.ts'
import { citationSchema, topicNameSchema } from './passage.ts'
import { modeSchema, settingSchema } from './snarf.ts'

export const INSTRUCTIONS_LENGTH_MAX = 32_768
export const ANSWERS_NAMED_MAX = 1_000

const count = z.number().int().nonnegative()
const faultSchema = z.object({ file: z.string(), message: z.string() })
export const personaIdSchema = z
  .string()
  .regex(/^[a-z0-9][a-z0-9-]{0,63}$/, 'the id of a persona is 1 to 64 of a-z, 0-9 and -')

export const personaSchema = z.object({
  id: personaIdSchema,
  name: z.string(),
  description: z.string(),
  topics: z.array(topicNameSchema),
  sampling: samplingSchema,
})
export type Persona = z.infer<typeof personaSchema>

/** `stopped`: by the person. `failed`: something broke after a part had been said; that part is kept. */
export const turnReasonSchema = endReasonSchema.or(z.enum(['stopped', 'failed']))
export type TurnReason = z.infer<typeof turnReasonSchema>

/** The engine is `none` where a turn ended before one had begun. */
const answeredBySchema = modelUsedSchema.extend({
  engine: modelUsedSchema.shape.engine.or(z.literal('none')),
})

/** What an answer had to do without, so that nothing is left out in silence. `detail` is a sentence. */
export const noticeSchema = z.object({
  kind: z.enum([
    /** The oldest turns of the thread did not fit. */
    'history-shortened',
    /** Some of the passages that were found did not fit. */
    'passages-shortened',
    /** The documents could not be searched. */
    'search-failed',
    /** The answer cites a number that no passage has, or a place that does not exist. */
    'citation-dropped',
    /** How the person likes to be spoken to could not be looked up or kept. */
    'manner-failed',
  ]),
  detail: z.string(),
})
export type Notice = z.infer<typeof noticeSchema>

/** Everything that shaped one answer. */
export const answerRecordSchema = z.object({
  id: z.uuid(),
  thread: z.uuid().nullable(),
  /** Milliseconds since 1970. */
  at: count,
  question: sensitive(z.string()),
  answer: sensitive(z.string()),
  reason: turnReasonSchema,
  citations: z.array(citationSchema),
  notices: z.array(noticeSchema).default([]),
  /** Everything that was given to the engine, also what the answer did not use. */
  passages: z.array(numberedPassageSchema),
  /** Parts of the prompt in order, with where each came from: persona, passages, history, question. */
  prompt: z.array(z.object({ origin: z.string(), role: z.string(), text: sensitive(z.string()) })),
  persona: personaIdSchema,
  /** How the person wanted to be answered, with reasons. */
  manner: z
    .object({ mode: modeSchema, settings: z.array(settingSchema) })
    .default({ mode: 'default', settings: [] }),
  model: answeredBySchema,
  /** Missing in records of an earlier Runa. */
  computation: computationSchema.optional(),
  /** Also what the engine chose itself, and the seed. */
  sampling: samplingSchema,
  usage: usageSchema,
  /** As the engine gave it; missing where it has no tokens, or did not come to its end. */
  tokensDigest: z.string().optional(),
  verdicts: z.array(verdictSchema),
  timings: z.object({ searchMs: z.number(), firstTokenMs: z.number(), totalMs: z.number() }),
})
export type AnswerRecord = z.infer<typeof answerRecordSchema>

export const turnSchema = z.object({
  /** Of the answer record. */
  id: z.uuid(),
  at: count,
  question: sensitive(z.string()),
  answer: sensitive(z.string()),
  reason: turnReasonSchema,
  citations: z.array(citationSchema),
  notices: z.array(noticeSchema).default([]),
  model: answeredBySchema,
  verdicts: z.array(verdictSchema),
  totalMs: z.number(),
})
export type Turn = z.infer<typeof turnSchema>

export const threadSchema = z.object({
  id: z.uuid(),
  title: sensitive(z.string()),
  turns: count,
  updatedAt: count,
})
export type Thread = z.infer<typeof threadSchema>

/**
 * One `start`, one `passages`, any number of `text` and `verdict`, one `end`. `passages` are those that were found;
 * the answer record holds those that the engine was given.
 */
export const turnItemSchema = z.discriminatedUnion('kind', [
  z.object({ kind: z.literal('start'), answer: z.uuid(), thread: z.uuid().nullable() }),
  z.object({ kind: z.literal('passages'), passages: z.array(numberedPassageSchema), match: z.boolean() }),
  z.object({ kind: z.literal('text'), text: sensitive(z.string()) }),
  z.object({ kind: z.literal('verdict'), verdict: verdictSchema }),
  z.object({ kind: z.literal('end'), turn: turnSchema, usage: usageSchema }),
])
export type TurnItem = z.infer<typeof turnItemSchema>

const asked = {
  persona: personaIdSchema.optional(),
  model: z.string().max(64).optional(),
  /** Where to look; empty: where the persona says, else nowhere. */
  topics: z.array(topicNameSchema).max(64).default([]),
  sampling: samplingSchema.default({}),
}

/** What keeps an answer from coming to be, whether it is stored or not. */
const ANSWER_ERRORS = [
  'PERSONA_UNKNOWN',
  'TOPIC_UNKNOWN',
  'MODEL_UNKNOWN',
  'MODEL_FAILED',
  'MODEL_GONE',
  'MODEL_TOO_LARGE',
  'CONTEXT_FULL',
  'ENGINE_UNREACHABLE',
  'NO_MEMORY',
] as const

/** One turn, from a message to an answer: the only part that knows the whole recipe. */
export const conversationContract = defineContract({
  name: 'conversation',
  version: 1,
  operations: {
    /**
     * A turn of a thread; a new thread where none is named. It is stored before `end` is sent, and when it is
     * stopped. A call that fails before anything was said stores nothing: then a new thread does not come to be.
     * A thread that is still being answered refuses another turn with BUSY.
     */
    turn: {
      input: z.object({
        ...asked,
        thread: z.uuid().optional(),
        /** The thread may be new: whoever asks has chosen its id, such as that of the card it is about. */
        begin: z.boolean().default(false),
        /** What is to be done with the question, for after the persona's prompt: what an assistant list says. */
        instructions: sensitive(z.string().max(INSTRUCTIONS_LENGTH_MAX)).default(''),
        /** False where the question is no message to anybody: it is not read for how the person likes to be spoken to. */
        heard: z.boolean().default(true),
        question: sensitive(z.string().trim().min(1).max(QUESTION_LENGTH_MAX)),
      }),
      item: turnItemSchema,
      windowItems: 256,
      errors: [
        'THREAD_UNKNOWN',
        ...ANSWER_ERRORS,
        'JOURNAL_CORRUPT',
        'JOURNAL_FULL',
        'JOURNAL_FAILED',
        'DISK_FULL',
        'THREADS_FULL',
      ],
      limits: { timeoutMs: 900_000, runningMax: 32 },
    },
    /** The same for who keeps the history: nothing is stored. The last message is the question. */
    complete: {
      input: z.object({ ...asked, messages: z.array(messageSchema).min(1).max(MESSAGES_MAX) }),
      item: turnItemSchema,
      windowItems: 256,
      errors: ANSWER_ERRORS,
      limits: { timeoutMs: 900_000, runningMax: 32 },
    },
    personas: {
      input: z.object({}),
      output: z.object({
        personas: z.array(personaSchema),
        /** Files that could not be read, with a sentence each. */
        faults: z.array(faultSchema),
      }),
      errors: [],
      limits: { timeoutMs: 5_000, runningMax: 16 },
    },
    threads: {
      input: z.object({ limit: z.number().int().min(1).max(1_000).default(100) }),
      output: z.object({
        /** The last used first. */
        threads: z.array(threadSchema),
        /** Files that are damaged or cannot be read, with a sentence each. They were set aside or left as they are. */
        faults: z.array(faultSchema).default([]),
      }),
      errors: [],
      limits: { timeoutMs: 10_000, runningMax: 16 },
    },
    thread: {
      input: z.object({
        id: z.uuid(),
        /** Only turns older than this one. */
        before: z.uuid().optional(),
      }),
      output: z.object({
        thread: threadSchema,
        /** The newest that fit into one message, oldest of them first. */
        turns: z.array(turnSchema),
        /** Older ones that are not among them: ask again with `before`. */
        omitted: count.default(0),
      }),
      errors: ['THREAD_UNKNOWN', 'JOURNAL_CORRUPT'],
      limits: { timeoutMs: 10_000, runningMax: 16 },
    },
    removeThread: {
      input: z.object({ id: z.uuid() }),
      output: z.object({}),
      errors: ['THREAD_UNKNOWN', 'JOURNAL_FAILED'],
      limits: { timeoutMs: 10_000, runningMax: 4 },
    },
    /** Many answers at once, as their threads show them, for who keeps no more than their ids. */
    answers: {
      input: z.object({ ids: z.array(z.uuid()).min(1).max(ANSWERS_NAMED_MAX) }),
      output: z.object({
        /** As many of the first as one message holds; those that are named nowhere here were not reached: ask again. */
        turns: z.array(turnSchema),
        forgotten: z.array(z.uuid()),
        unknown: z.array(z.uuid()),
      }),
      errors: ['JOURNAL_CORRUPT'],
      limits: { timeoutMs: 10_000, runningMax: 8 },
    },
    /** The record of one answer. Only threads keep them. */
    answer: {
      input: z.object({ id: z.uuid() }),
      output: answerRecordSchema,
      errors: ['ANSWER_UNKNOWN', 'JOURNAL_CORRUPT'],
      limits: { timeoutMs: 10_000, runningMax: 16 },
    },
  },
  events: {
    threadChanged: z.object({ id: z.uuid() }),
  },
})
