import * as z from 'zod'
import { defineContract, sensitive } from '../contract.ts'
import { answerRecordSchema } from './answer-record.ts'
import {
  feedbackSchema,
  rememberedThreadSchema,
  rememberedTurnSchema,
  speakerSchema,
  utteranceSchema,
} from './remembered.ts'

export const RECALLED_MAX = 100
export const TURNS_NAMED_MAX = 1_000
export const TURNS_LISTED_MAX = 200

const count = z.number().int().nonnegative()

export const recalledSchema = utteranceSchema.extend({
  turn: z.uuid(),
  thread: z.uuid(),
  at: count,
  /** Which of the turn's. */
  utterance: count,
  marks: rememberedTurnSchema.shape.marks,
  /** Comparable within one call only. */
  score: z.number(),
})
export type Recalled = z.infer<typeof recalledSchema>

/** At least one of them. A turn is chosen if it fits all that are named. */
export const forgetChoiceSchema = z
  .object({
    turns: z.array(z.uuid()).min(1).max(TURNS_NAMED_MAX).optional(),
    thread: z.uuid().optional(),
    /** From this moment on, and before that one. */
    from: count.optional(),
    to: count.optional(),
    /** Turns in which this was said, letter for letter but for upper and lower case. */
    containing: sensitive(z.string().trim().min(1).max(1_024)).optional(),
  })
  .refine((choice) => Object.values(choice).some((value) => value !== undefined), {
    message: 'say what to forget: turns, a thread, a time or words',
  })
export type ForgetChoice = z.infer<typeof forgetChoiceSchema>

const memoryFaultSchema = z.object({ day: z.string(), message: z.string() })
export type MemoryFault = z.infer<typeof memoryFaultSchema>

const summarySchema = z.object({
  /** Turns that can be read. */
  turns: count,
  /** Sealed records of every kind, also those that nothing opens any more. */
  records: count,
  forgotten: count,
  days: count,
  /** SHA-256 over the chain of what is sealed. Whoever keeps it elsewhere can tell later whether the end was cut off. */
  head: z.string(),
})

const WRITE_ERRORS = ['MEMORY_FULL', 'MEMORY_OFF', 'DISK_FULL', 'JOURNAL_FULL', 'JOURNAL_FAILED'] as const

/** The encrypted memory of every interaction. */
export const alethiaContract = defineContract({
  name: 'alethia',
  version: 1,
  operations: {
    /**
     * Answers once the turn is on the disk. The same turn again changes nothing, so a call that was lost may be
     * repeated. A turn that was forgotten does not come back.
     */
    remember: {
      input: rememberedTurnSchema.partial({ at: true }).extend({
        /** Everything that shaped the answer, where there is one. Its id is the turn's. */
        record: sensitive(answerRecordSchema).optional(),
        /** Kept in memory only, found by nothing but its thread, and gone with `close`. All turns of a thread alike. */
        offTheRecord: z.boolean().default(false),
      }),
      output: z.object({}),
      errors: [...WRITE_ERRORS, 'VERSION_CONFLICT', 'TURN_FORGOTTEN'],
      limits: { timeoutMs: 30_000, runningMax: 32 },
    },
    /** What was said about this, best first: by its words, what stands around it, and who is named. */
    recall: {
      input: z.object({
        query: sensitive(z.string().max(32_768)),
        from: count.optional(),
        to: count.optional(),
        speaker: sensitive(speakerSchema).optional(),
        thread: z.uuid().optional(),
        /** Not from this one: its words are at hand. */
        exceptThread: z.uuid().optional(),
        limit: z.number().int().min(1).max(RECALLED_MAX).default(10),
      }),
      /** The weaker ones are left out where one message cannot hold all. */
      output: z.object({ recalled: z.array(recalledSchema) }),
      errors: [],
      limits: { timeoutMs: 10_000, runningMax: 16 },
    },
    /** What a person thinks of an answer, in place of what they thought before. With neither, they think nothing of it. */
    feedback: {
      input: feedbackSchema.omit({ at: true }).extend({ turn: z.uuid() }),
      output: z.object({}),
      errors: [...WRITE_ERRORS, 'TURN_UNKNOWN', 'TURN_FORGOTTEN'],
      limits: { timeoutMs: 30_000, runningMax: 16 },
    },
    /**
     * Without `confirm` nothing changes: it tells what would go, and what to confirm. With it the keys of these turns
     * are destroyed, for good, if they are still the same turns.
     */
    forget: {
      input: z.object({ choice: forgetChoiceSchema, confirm: z.string().max(64).optional() }),
      output: z.object({
        /** Oldest first; as many as one message holds. */
        turns: z.array(rememberedTurnSchema),
        total: count,
        confirm: z.string(),
        done: z.boolean(),
      }),
      errors: [...WRITE_ERRORS, 'VERSION_CONFLICT'],
      limits: { timeoutMs: 120_000, runningMax: 2 },
    },
    /** Which of these were forgotten: for who kept something of them, and may have missed that it was announced. */
    forgottenAmong: {
      input: z.object({ turns: z.array(z.uuid()).max(TURNS_NAMED_MAX) }),
      output: z.object({ turns: z.array(z.uuid()) }),
      errors: [],
      limits: { timeoutMs: 10_000, runningMax: 16 },
    },
    turn: {
      input: z.object({ id: z.uuid() }),
      output: z.object({ turn: rememberedTurnSchema, feedback: feedbackSchema.optional() }),
      errors: ['TURN_UNKNOWN', 'TURN_FORGOTTEN'],
      limits: { timeoutMs: 10_000, runningMax: 16 },
    },
    /** Everything that shaped one answer. */
    answer: {
      input: z.object({ id: z.uuid() }),
      output: z.object({ record: sensitive(answerRecordSchema), feedback: feedbackSchema.optional() }),
      errors: ['TURN_UNKNOWN', 'TURN_FORGOTTEN', 'MEMORY_CORRUPT', 'JOURNAL_CORRUPT'],
      limits: { timeoutMs: 10_000, runningMax: 16 },
    },
    /** What was said, day by day, the newest first. What is off the record is not among it. */
    timeline: {
      input: z.object({
        /** Only what stands after this turn, further back. */
        before: z.uuid().optional(),
        /** From this moment on, and before that one. */
        from: count.optional(),
        to: count.optional(),
        /** Turns in which they said something. */
        speaker: sensitive(speakerSchema).optional(),
        limit: z.number().int().min(1).max(TURNS_LISTED_MAX).default(50),
      }),
      output: z.object({
        /** As many as one message holds. */
        turns: z.array(rememberedTurnSchema.extend({ feedback: feedbackSchema.optional() })),
        /** Older ones that are not among them: ask again with `before`. */
        omitted: count,
        /** In which these were said. */
        threads: z.array(rememberedThreadSchema),
        /** Whoever said something, 200 at most. */
        speakers: z.array(sensitive(z.string())),
      }),
      errors: ['TURN_UNKNOWN', 'TURN_FORGOTTEN'],
      limits: { timeoutMs: 10_000, runningMax: 16 },
    },
    /** Many at once. What one message does not hold is in `left`: ask again for those. */
    turns: {
      input: z.object({ ids: z.array(z.uuid()).min(1).max(TURNS_NAMED_MAX) }),
      output: z.object({
        turns: z.array(rememberedTurnSchema.extend({ feedback: feedbackSchema.optional() })),
        forgotten: z.array(z.uuid()),
        unknown: z.array(z.uuid()),
        left: z.array(z.uuid()),
      }),
      errors: [],
      limits: { timeoutMs: 10_000, runningMax: 16 },
    },
    /** The turns of a thread with all that shaped each answer, the newest first. */
    records: {
      input: z.object({
        thread: z.uuid(),
        /** Only turns older than this one. */
        before: z.uuid().optional(),
      }),
      item: z.object({
        turn: rememberedTurnSchema,
        record: sensitive(answerRecordSchema).optional(),
        feedback: feedbackSchema.optional(),
        /** Turns of the thread that are older than this one. */
        older: count,
      }),
      windowItems: 8,
      errors: ['THREAD_UNKNOWN', 'MEMORY_CORRUPT', 'JOURNAL_CORRUPT'],
      limits: { timeoutMs: 30_000, runningMax: 16 },
    },
    /** How things stand, from memory: nothing is read. */
    state: {
      input: z.object({}),
      output: summarySchema.extend({
        /** Whether there is a disk to keep turns on. Without a key for it, everything is off the record. */
        kept: z.boolean(),
        /** Whether one more turn on the record would be refused with MEMORY_FULL. */
        full: z.boolean(),
        /** Whether one more turn off the record fits, in a thread that is there, and in a new one. */
        offTheRecord: z.object({ turnFits: z.boolean(), threadFits: z.boolean() }),
        /** What may still be sealed today. */
        roomTodayBytes: count,
        /** What was found amiss when it was opened. */
        faults: z.array(memoryFaultSchema),
      }),
      errors: [],
      limits: { timeoutMs: 5_000, runningMax: 16 },
    },
    threads: {
      input: z.object({ limit: z.number().int().min(1).max(1_000).default(100) }),
      /** The last used first. */
      output: z.object({ threads: z.array(rememberedThreadSchema) }),
      errors: [],
      limits: { timeoutMs: 10_000, runningMax: 16 },
    },
    thread: {
      input: z.object({
        id: z.uuid(),
        /** Only turns older than this one. */
        before: z.uuid().optional(),
        turnsMax: z.number().int().min(1).max(1_000).default(1_000),
      }),
      output: z.object({
        thread: rememberedThreadSchema,
        /** The newest that fit into one message, oldest of them first. */
        turns: z.array(rememberedTurnSchema),
        /** Older ones that are not among them: ask again with `before`. */
        omitted: count,
      }),
      errors: ['THREAD_UNKNOWN'],
      limits: { timeoutMs: 10_000, runningMax: 16 },
    },
    /** Ends a thread that is off the record, and lets go of all that was said in it. */
    close: {
      input: z.object({ thread: z.uuid() }),
      output: z.object({}),
      errors: ['THREAD_UNKNOWN'],
      limits: { timeoutMs: 10_000, runningMax: 16 },
    },
    /** Reads everything again from the disk, and opens it. */
    verify: {
      input: z.object({}),
      output: summarySchema.extend({ faults: z.array(memoryFaultSchema) }),
      errors: ['MEMORY_CORRUPT', 'MEMORY_OFF', 'JOURNAL_CORRUPT'],
      limits: { timeoutMs: 300_000, runningMax: 1 },
    },
    /**
     * A copy in a new folder: what is sealed in `sealed/`, its keys in `keys/`. Keep the keys apart and not for long:
     * whoever has old keys can read what was forgotten since.
     */
    snapshot: {
      input: z.object({ folder: sensitive(z.string().min(1).max(4_096)) }),
      output: z.object({ head: z.string(), records: count, sizeBytes: count }),
      errors: ['MEMORY_OFF', 'DISK_FULL', 'JOURNAL_FAILED'],
      limits: { timeoutMs: 300_000, runningMax: 1 },
    },
  },
  events: {
    /** Whoever derived anything from these turns removes it. */
    forgotten: z.object({ turns: z.array(z.uuid()) }),
  },
})
