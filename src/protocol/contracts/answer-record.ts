import * as z from 'zod'
import { sensitive } from '../contract.ts'
import {
  computationSchema,
  endReasonSchema,
  modelUsedSchema,
  numberedPassageSchema,
  samplingSchema,
  usageSchema,
  verdictSchema,
} from './completion.ts'
import { citationSchema } from './passage.ts'
import { modeSchema, settingSchema } from './snarf.ts'

const count = z.number().int().nonnegative()

export const personaIdSchema = z
  .string()
  .regex(/^[a-z0-9][a-z0-9-]{0,63}$/, 'the id of a persona is 1 to 64 of a-z, 0-9 and -')

/** `stopped`: by the person. `failed`: something broke after a part had been said; that part is kept. */
export const turnReasonSchema = endReasonSchema.or(z.enum(['stopped', 'failed']))
export type TurnReason = z.infer<typeof turnReasonSchema>

/** The engine is `none` where a turn ended before one had begun. */
export const answeredBySchema = modelUsedSchema.extend({
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
    /** There was no room to say how the person likes to be spoken to. */
    'manner-shortened',
    /** What was said earlier, in other threads, could not be looked up. */
    'memory-failed',
    /** Some of what was said earlier did not fit. */
    'memory-shortened',
    /** There is no memory to keep this turn in: it is gone with the thread, or when Runa stops. */
    'not-kept',
  ]),
  detail: sensitive(z.string()),
})
export type Notice = z.infer<typeof noticeSchema>

/** A piece of what was said in a turn: bytes of one utterance. */
export const turnReferenceSchema = z.object({ turn: z.uuid(), utterance: count, start: count, end: count })
export type TurnReference = z.infer<typeof turnReferenceSchema>

export const promptPartSchema = z.object({
  /** `persona ID`, `manner`, `passages`, `memory`, `turn ID`, `question`, or `caller`. */
  origin: z.string(),
  role: z.string(),
  /** Left out where `said` names it: words stand in their turn alone, so that forgetting a turn forgets them. */
  text: sensitive(z.string()).optional(),
  said: z.array(turnReferenceSchema).default([]),
})
export type PromptPart = z.infer<typeof promptPartSchema>

/** What of the room for a prompt went where, in tokens, by estimate. `leftOut` counts what did not fit. */
export const budgetSchema = z.object({
  tokensMax: count,
  /** What is never cut: persona and question. */
  fixedTokens: count,
  parts: z.array(
    z.object({
      part: z.enum(['manner', 'history', 'passages', 'memory']),
      tokens: count,
      leftOut: count,
    }),
  ),
})
export type Budget = z.infer<typeof budgetSchema>

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
  /** Parts of the prompt in order, with where each came from. */
  prompt: z.array(promptPartSchema),
  /** Whether earlier threads were looked into, and what of them was given to the engine, best first. */
  memory: z
    .object({
      asked: z.boolean(),
      used: z.array(turnReferenceSchema.extend({ thread: z.uuid(), at: count, score: z.number() })),
    })
    .default({ asked: false, used: [] }),
  budget: budgetSchema.optional(),
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
  timings: z.object({
    searchMs: z.number(),
    recallMs: z.number().default(0),
    mannerMs: z.number().default(0),
    firstTokenMs: z.number(),
    totalMs: z.number(),
  }),
})
export type AnswerRecord = z.infer<typeof answerRecordSchema>
