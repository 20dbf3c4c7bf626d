import * as z from 'zod'
import { sensitive } from '../contract.ts'
import { placeSchema } from './passage.ts'

const count = z.number().int().nonnegative()

/** One thing to know about an answer, and where it can be seen: in a document, or in what was said earlier. */
const explainedSchema = z.object({
  text: sensitive(z.string()),
  place: placeSchema.optional(),
  turn: z.uuid().optional(),
})
export type Explained = z.infer<typeof explainedSchema>

export const explanationSubjectSchema = z.enum([
  'asked',
  'answered-by',
  'read',
  'remembered',
  'manner',
  'policy',
  'left-out',
  'time',
  'feedback',
])

/** Why an answer is as it is, in plain words. Groups about which there is nothing to say are left out. */
export const explanationSchema = z.object({
  answer: z.uuid(),
  groups: z.array(
    z.object({
      about: explanationSubjectSchema,
      /** For a heading: `Who answered`. */
      title: z.string(),
      sentences: z.array(explainedSchema).min(1),
    }),
  ),
})
export type Explanation = z.infer<typeof explanationSchema>

export const changedThingSchema = z.enum([
  /** The words themselves, or what the policy did about them. */
  'answer',
  'model',
  /** The engine's build, or how it is set up. */
  'engine',
  /** The code that was chosen for the processor, or a graphics card. */
  'processor',
  'policy',
  /** Something that the record of an earlier Runa, or of a broken answer, does not hold. */
  'record',
  /** What was said and is forgotten by now. */
  'turn',
  'document',
  'persona',
  'manner',
])
export type ChangedThing = z.infer<typeof changedThingSchema>

export const differenceSchema = z.object({
  what: changedThingSchema,
  /**
   * `replay`: it can change the words of the replay, or keeps it from being made. `asking-again`: a replay reads what
   * was read then; it is who asks the same question today that would be told something else.
   */
  concerns: z.enum(['replay', 'asking-again']),
  /** The first 2,000 characters from where they differ, or what it was called. */
  before: sensitive(z.string()),
  now: sensitive(z.string()),
  sentence: sensitive(z.string()),
})
export type Difference = z.infer<typeof differenceSchema>

/** An answer that was made once more, from the same prompt and with the same dice, beside the one that is kept. */
export const replaySchema = z.object({
  answer: z.uuid(),
  /** The same, to the last token that was kept. */
  same: z.boolean(),
  /** False where something that it takes is missing; `differences` says what. */
  ran: z.boolean(),
  /** `tokens`: those of the model, and the text. `text`: the engine has no tokens of its own, or they are not known. */
  compared: z.enum(['tokens', 'text', 'nothing']),
  /** The place in the answer's text, in characters, where the two part. */
  firstDifferenceAt: count.optional(),
  /** What was said this time. */
  text: sensitive(z.string()),
  /** In a few sentences. */
  summary: sensitive(z.string()),
  differences: z.array(differenceSchema),
})
export type Replay = z.infer<typeof replaySchema>
