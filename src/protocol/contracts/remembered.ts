import * as z from 'zod'
import { sensitive } from '../contract.ts'

export const UTTERANCE_LENGTH_MAX = 400_000
export const UTTERANCES_PER_TURN_MAX = 16

const count = z.number().int().nonnegative()

/** Whoever said it: `you`, the id of a persona, or a name. */
export const speakerSchema = z.string().trim().min(1).max(64)

/** What one speaker said, without a break. */
export const utteranceSchema = z.object({
  speaker: sensitive(speakerSchema),
  text: sensitive(z.string().max(UTTERANCE_LENGTH_MAX)),
})
export type Utterance = z.infer<typeof utteranceSchema>

export const feedbackSchema = z.object({
  /** Milliseconds since 1970. */
  at: count,
  verdict: z.enum(['up', 'down']).optional(),
  /** What should have been said, in the person's words. */
  correction: sensitive(z.string().trim().min(1).max(32_768)).optional(),
})
export type Feedback = z.infer<typeof feedbackSchema>

/** Marks a turn whose answer says nothing but that there is none: such an answer is not recalled. */
export const UNANSWERED_MARK = 'unanswered'

export const rememberedTurnSchema = z.object({
  id: z.uuid(),
  thread: z.uuid(),
  at: count,
  utterances: z.array(utteranceSchema).min(1).max(UTTERANCES_PER_TURN_MAX),
  /**
   * What its keeper wants to know of it without opening its record. Nobody's words. Of a turn that is `unanswered` only
   * the first utterance is recalled: nobody needs to be reminded that there was no answer.
   */
  marks: z
    .array(z.string().regex(/^[a-z][a-z-]{0,31}$/))
    .max(8)
    .optional(),
})
export type RememberedTurn = z.infer<typeof rememberedTurnSchema>

export const rememberedThreadSchema = z.object({
  id: z.uuid(),
  /** The first words that were said in it. */
  title: sensitive(z.string()),
  turns: count,
  updatedAt: count,
  offTheRecord: z.boolean(),
})
export type RememberedThread = z.infer<typeof rememberedThreadSchema>
