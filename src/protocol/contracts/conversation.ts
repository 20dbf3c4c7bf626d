import * as z from 'zod'
import { defineContract, sensitive } from '../contract.ts'
import {
  answeredBySchema,
  answerRecordSchema,
  noticeSchema,
  personaIdSchema,
  turnReasonSchema,
} from './answer-record.ts'
import {
  MESSAGES_MAX,
  messageSchema,
  numberedPassageSchema,
  QUESTION_LENGTH_MAX,
  samplingSchema,
  usageSchema,
  verdictSchema,
} from './completion.ts'
import { explanationSchema, replaySchema } from './explanation.ts'
import { citationSchema, topicNameSchema } from './passage.ts'
import { feedbackSchema } from './remembered.ts'

export const INSTRUCTIONS_LENGTH_MAX = 32_768
export const ANSWERS_NAMED_MAX = 1_000

const count = z.number().int().nonnegative()
/** What is wrong with a file may be told with a line of it. */
const faultSchema = z.object({ file: z.string(), message: sensitive(z.string()) })
export const personaSchema = z.object({
  id: personaIdSchema,
  name: sensitive(z.string()),
  description: sensitive(z.string()),
  topics: z.array(topicNameSchema),
  sampling: samplingSchema,
})
export type Persona = z.infer<typeof personaSchema>

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
  feedback: feedbackSchema.optional(),
})
export type Turn = z.infer<typeof turnSchema>

export const threadSchema = z.object({
  id: z.uuid(),
  title: sensitive(z.string()),
  turns: count,
  updatedAt: count,
  /** Nothing keeps it: it is gone when it is closed, or when Runa stops. */
  offTheRecord: z.boolean().default(false),
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

/** What a turn may meet on its way into the memory. */
const KEEPING_ERRORS = ['MEMORY_FULL', 'MEMORY_OFF', 'DISK_FULL', 'JOURNAL_FULL', 'JOURNAL_FAILED'] as const

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
] as const

const LOOKING_BACK_ERRORS = ['ANSWER_UNKNOWN', 'TURN_FORGOTTEN', 'MEMORY_CORRUPT', 'JOURNAL_CORRUPT'] as const

/** One turn, from a message to an answer: the only part that knows the whole recipe. */
export const conversationContract = defineContract({
  name: 'conversation',
  version: 1,
  operations: {
    /**
     * A turn of a thread; a new thread where none is named. The memory has it before `end` is sent, and when it is
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
        /** Touches no disk, and is found by nothing but its thread. A thread is so from its first turn, or never. */
        offTheRecord: z.boolean().optional(),
        /** Whether to look into what was said in other threads. As in the turn before, else yes; never off the record. */
        memory: z.boolean().optional(),
      }),
      item: turnItemSchema,
      windowItems: 256,
      errors: ['THREAD_UNKNOWN', ...ANSWER_ERRORS, ...KEEPING_ERRORS],
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
        /** What keeps threads from being kept or shown, with a sentence each. `file` may be empty. */
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
      errors: ['THREAD_UNKNOWN', 'MEMORY_CORRUPT', 'JOURNAL_CORRUPT'],
      limits: { timeoutMs: 10_000, runningMax: 16 },
    },
    /** Forgets every turn of it, for good. One that is off the record is closed. */
    removeThread: {
      input: z.object({ id: z.uuid() }),
      output: z.object({}),
      errors: ['THREAD_UNKNOWN', ...KEEPING_ERRORS],
      limits: { timeoutMs: 60_000, runningMax: 4 },
    },
    /** Ends a thread that is off the record, and lets go of all that was said in it. */
    closeThread: {
      input: z.object({ id: z.uuid() }),
      output: z.object({}),
      errors: ['THREAD_UNKNOWN'],
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
      errors: ['MEMORY_CORRUPT', 'JOURNAL_CORRUPT'],
      limits: { timeoutMs: 10_000, runningMax: 8 },
    },
    /** The record of one answer, with the words that its prompt refers to. Only threads keep them. */
    answer: {
      input: z.object({ id: z.uuid() }),
      output: answerRecordSchema.extend({
        /** Turns that its prompt refers to and that are forgotten: their words are missing. */
        forgotten: z.array(z.uuid()).default([]),
      }),
      errors: ['ANSWER_UNKNOWN', 'TURN_FORGOTTEN', 'MEMORY_CORRUPT', 'JOURNAL_CORRUPT'],
      limits: { timeoutMs: 10_000, runningMax: 16 },
    },
    /** Why an answer is as it is, in plain sentences, from its record. */
    why: {
      input: z.object({ id: z.uuid() }),
      output: explanationSchema,
      errors: LOOKING_BACK_ERRORS,
      limits: { timeoutMs: 10_000, runningMax: 16 },
    },
    /** Says an answer again, and compares. Nothing is stored or learnt by it. */
    replay: {
      input: z.object({ id: z.uuid() }),
      output: replaySchema,
      errors: [...LOOKING_BACK_ERRORS, ...ANSWER_ERRORS],
      limits: { timeoutMs: 900_000, runningMax: 4 },
    },
    /** What a person thinks of an answer. What is not named stays as it was; null takes it back. */
    feedback: {
      input: z.object({
        answer: z.uuid(),
        verdict: feedbackSchema.shape.verdict.unwrap().nullable().optional(),
        correction: feedbackSchema.shape.correction.unwrap().nullable().optional(),
      }),
      output: z.object({ feedback: feedbackSchema.omit({ at: true }) }),
      errors: [...LOOKING_BACK_ERRORS, ...KEEPING_ERRORS],
      limits: { timeoutMs: 30_000, runningMax: 16 },
    },
  },
  events: {
    threadChanged: z.object({ id: z.uuid() }),
  },
})
