import * as z from 'zod'
import { citationSchema, TURNS_NAMED_MAX } from '#protocol'
import { type Board, type Card, cardSchema, changeSchema, commentSchema, listSchema } from '../api.ts'
import { LIMITS } from '../limits.ts'

const id = z.uuid()
const count = z.number().int().nonnegative()
const reason = z.string().max(2_000)

/** What happens to the run of a card. Only threadwell itself makes these; a person asks for them. */
const runChangeSchema = z.discriminatedUnion('kind', [
  /** Begins a new attempt, which has the id of the entry. Refused where `replaces` is given and has ended already. */
  z.object({ kind: z.literal('queueRun'), card: id, tries: count, reason, replaces: id.nullable() }),
  z.object({ kind: z.literal('startRun'), card: id, attempt: id }),
  /** The result, the move and the new state in one record: an attempt leaves all of them or none. */
  z.object({
    kind: z.literal('finishRun'),
    card: id,
    attempt: id,
    state: z.enum(['done', 'needs-you']),
    reason,
    /** Empty where `answer` says where to find it: only what was written before then has a copy here. */
    text: z.string().max(LIMITS.resultLengthMax),
    citations: z.array(citationSchema).max(LIMITS.citationsMax),
    answer: id.nullable(),
  }),
  z.object({ kind: z.literal('failRun'), card: id, attempt: id, reason }),
])
/** The memory let go of these answers: comments that refer to them say so from now on. */
const forgettingSchema = z.object({
  kind: z.literal('forgetAnswers'),
  answers: z.array(id).min(1).max(TURNS_NAMED_MAX),
})

export type RunChange = z.infer<typeof runChangeSchema>

/** One thing that happened to a board. What it creates has the id of the entry. */
export const entrySchema = z.object({
  id,
  /** Milliseconds since 1970. */
  at: count,
  change: z.union([changeSchema, runChangeSchema, forgettingSchema]),
})
export type Entry = z.infer<typeof entrySchema>

/** A card that was taken off the board, and where it was. */
export interface RemovedCard {
  readonly card: Card
  readonly list: string
  readonly at: number
}

/** A board with what only the server needs to know of it. */
export interface BoardState extends Board {
  /** Oldest first. */
  readonly removed: readonly RemovedCard[]
}

/**
 * One record of a board's log: a snapshot in pieces (the board, then its cards, then their comments), so that no
 * record grows with the board, and after it what happened since.
 */
export const recordSchema = z.discriminatedUnion('record', [
  z.object({
    record: z.literal('board'),
    id,
    title: z.string(),
    version: count,
    lists: z.array(listSchema.omit({ cards: true })),
  }),
  z.object({
    record: z.literal('card'),
    card: cardSchema.omit({ comments: true }),
    list: id,
    /** Where a removed card was; null for one that is on the board. */
    removedAt: count.nullable(),
  }),
  z.object({ record: z.literal('comment'), card: id, comment: commentSchema }),
  z.object({ record: z.literal('entry'), entry: entrySchema }),
])
export type LogRecord = z.infer<typeof recordSchema>
