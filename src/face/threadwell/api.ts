import * as z from 'zod'
import {
  type alethiaContract,
  type Contract,
  citationSchema,
  type conversationContract,
  errorCodeSchema,
  type gilgulContract,
  type IngestItem,
  type inferenceContract,
  modelSchema,
  personaIdSchema,
  serviceStatusSchema,
  type snarfContract,
  type TurnItem,
  type tietoContract,
  topicNameSchema,
  topicSchema,
} from '#protocol'
import { LIMITS } from './limits.ts'

// The shapes of everything that crosses between the server and its pages.

const count = z.number().int().nonnegative()
/** Milliseconds since 1970. */
const time = count
const id = z.uuid()
const title = z.string().trim().min(1).max(LIMITS.titleLengthMax)
const text = z.string().max(LIMITS.textLengthMax)
const prompt = z.string().max(LIMITS.promptLengthMax)
const persona = personaIdSchema
const labels = z.array(z.string().trim().min(1).max(LIMITS.labelLengthMax)).max(LIMITS.labelsMax)
/** A place in a list, counted from 0; beyond the end means the end. */
const at = count.max(1_000_000)

export const commentSchema = z.object({
  id,
  author: z.enum(['you', 'assistant']),
  at: time,
  text: z.string().max(LIMITS.resultLengthMax),
  citations: z.array(citationSchema).max(LIMITS.citationsMax),
  /** Of an assistant's comment: the answer in the memory. Null where the comment is from before answers lay there. */
  answer: id.nullable(),
  /** Why the text of an answer is not here: it was forgotten, or nobody can tell it at the moment. Null where it is. */
  missing: z.enum(['forgotten', 'unreachable']).nullable().default(null),
})
export type Comment = z.infer<typeof commentSchema>

export const runStateSchema = z.enum(['queued', 'running', 'done', 'failed', 'needs-you'])
export type RunState = z.infer<typeof runStateSchema>

export const runSchema = z.object({
  state: runStateSchema,
  /** Why, in plain words; empty where the state says it all. */
  reason: z.string().max(2_000),
  /** Null until it has begun. */
  startedAt: time.nullable(),
  /** Each attempt leaves at most one comment, which has the attempt's id. */
  attempt: id,
  /** How often in a row it had to be begun anew for no fault of the card's. */
  tries: count,
})
export type Run = z.infer<typeof runSchema>

export const cardSchema = z.object({
  id,
  title,
  text,
  labels,
  /** Replaces the list's, where it is given. */
  persona: persona.nullable(),
  /** Follows the list's. */
  prompt: prompt.nullable(),
  run: runSchema.nullable(),
  comments: z.array(commentSchema),
  createdAt: time,
  updatedAt: time,
})
export type Card = z.infer<typeof cardSchema>

export const assistantSchema = z.object({
  persona: persona.default('default'),
  prompt: prompt.default(''),
  /** Where it looks; empty: where the persona says. */
  topics: z.array(topicNameSchema).max(64).default([]),
  /** The list that a card moves to once its result is there; null: it stays. */
  resultsTo: id.nullable().default(null),
  /** Cards are queued all the same, and wait. */
  paused: z.boolean().default(false),
})
export type Assistant = z.infer<typeof assistantSchema>

export const listSchema = z.object({
  id,
  title,
  assistant: assistantSchema.nullable(),
  cards: z.array(cardSchema),
})
export type List = z.infer<typeof listSchema>

export const boardSchema = z.object({ id, title, version: count, lists: z.array(listSchema) })
export type Board = z.infer<typeof boardSchema>

export const boardNameSchema = z.object({ id, title })
export type BoardName = z.infer<typeof boardNameSchema>

/** What a person may do to a board. Undo is the inverse change, made by the page. */
export const changeSchema = z.discriminatedUnion('kind', [
  z.object({ kind: z.literal('renameBoard'), title }),
  z.object({ kind: z.literal('addList'), title, at: at.optional() }),
  z.object({ kind: z.literal('renameList'), list: id, title }),
  z.object({ kind: z.literal('moveList'), list: id, at }),
  /** Only where it holds no card. */
  z.object({ kind: z.literal('removeList'), list: id }),
  z.object({ kind: z.literal('setAssistant'), list: id, assistant: assistantSchema.nullable() }),
  /** At the end, where no place is given. */
  z.object({ kind: z.literal('addCard'), list: id, title, text: text.default(''), at: at.optional() }),
  z.object({
    kind: z.literal('editCard'),
    card: id,
    title: title.optional(),
    text: text.optional(),
    labels: labels.optional(),
    persona: persona.nullable().optional(),
    prompt: prompt.nullable().optional(),
  }),
  z.object({ kind: z.literal('moveCard'), card: id, list: id, at }),
  z.object({ kind: z.literal('removeCard'), card: id }),
  /** Back to where it was, with everything on it. */
  z.object({ kind: z.literal('restoreCard'), card: id }),
  z.object({ kind: z.literal('addComment'), card: id, text: text.trim().min(1) }),
])
export type Change = z.input<typeof changeSchema>
export type CheckedChange = z.output<typeof changeSchema>

/** POST /api/boards/:id/changes */
export const changeRequestSchema = z.object({ change: changeSchema, version: count.optional() })
export type ChangeRequest = z.input<typeof changeRequestSchema>

/** `created`: the id of the list, card or comment that the change made, else null. */
export const changeReplySchema = z.object({ version: count, board: boardSchema, created: id.nullable() })
export type ChangeReply = z.infer<typeof changeReplySchema>

/** POST /api/boards */
export const newBoardSchema = z.object({ title })

/** POST /api/cards/:id/run; the answer is a ChangeReply. */
export const runRequestSchema = z.object({ action: z.enum(['start', 'cancel', 'retry']) })
export type RunRequest = z.infer<typeof runRequestSchema>

/** GET /api/keeping: where things lie on this machine, and what keeps them closed. */
export interface KeepingReply {
  /** `nothing`: Runa runs without its vault. */
  readonly unlockedBy: 'passphrase' | 'key-file' | 'nothing'
  /** Where it lies, or would. */
  readonly keyFile: string
  readonly places: readonly {
    readonly what: string
    readonly path: string
    readonly kept: 'sealed' | 'clear'
  }[]
}

/** GET /api/state. Where a service does not answer, its part is empty and `faults` says so. */
export const appStateSchema = z.object({
  /** Of Runa. */
  version: z.string(),
  /** The model that answers where none is named; null: none is installed, and answers are quotes. */
  model: modelSchema.pick({ id: true, engine: true, name: true }).nullable(),
  policyEnabled: z.boolean(),
  /** Without a vault nothing that is said is kept, and boards cannot be opened. */
  hasVault: z.boolean(),
  /** Requests that left this machine since Runa was set up. */
  outward: count,
  /** Cards of all boards by the state of their run: what the now bar of every page says. */
  cards: z.object({ queued: count, running: count, failed: count, needsYou: count }),
  services: z.array(serviceStatusSchema),
  boards: z.array(boardNameSchema),
  topics: z.array(topicSchema),
  firstVisit: z.boolean(),
  faults: z.array(z.object({ service: z.string(), code: errorCodeSchema, message: z.string() })),
})
export type AppState = z.infer<typeof appStateSchema>

/** GET /api/events, `event: board`. Fetch the board if its version is higher than the one you have. */
export const boardEventSchema = z.object({ board: id, version: count })
export type BoardEvent = z.infer<typeof boardEventSchema>

/** GET /api/events, `event: threads`. Without a thread, something was forgotten, wherever it was said. */
export interface ThreadsEvent {
  readonly thread?: string
}

/** What an HTTP error carries, and the last line of a stream that failed. */
export const failureSchema = z.object({ code: errorCodeSchema, message: z.string(), advice: z.string() })
export type Failure = z.infer<typeof failureSchema>
export type ErrorReply = { readonly error: Failure }
export type ErrorLine = { readonly kind: 'error' } & Failure

/** POST /api/turns, and one line of its answer. */
export type TurnLine = TurnItem | ErrorLine
/** One line of the answer to POST /api/uploads. */
export type UploadLine = IngestItem | ErrorLine

type Answers<C extends Contract, Name extends keyof C['operations']> = C['operations'][Name] extends {
  readonly output: infer Output extends z.ZodType
}
  ? z.output<Output>
  : never

export type BoardsReply = { readonly boards: BoardName[] }
export type ThreadsReply = Answers<typeof conversationContract, 'threads'>
export type ThreadReply = Answers<typeof conversationContract, 'thread'>
export type AnswerReply = Answers<typeof conversationContract, 'answer'>
export type WhyReply = Answers<typeof conversationContract, 'why'>
export type ReplayReply = Answers<typeof conversationContract, 'replay'>
/** GET and POST /api/answers/:id/feedback */
export type FeedbackReply = Answers<typeof conversationContract, 'feedback'>
/** What is not named stays as it was; null takes it back. */
export type FeedbackRequest = Omit<z.input<typeof conversationContract.operations.feedback.input>, 'answer'>
export type PersonasReply = Answers<typeof conversationContract, 'personas'>
export type MemoryStateReply = Answers<typeof alethiaContract, 'state'>
/** Where threads are read that belong to a card, by the id of the thread. */
export type CardPaths = Readonly<Record<string, string>>
export type TimelineReply = Answers<typeof alethiaContract, 'timeline'> & { readonly cards: CardPaths }
export type RememberedTurnReply = Answers<typeof alethiaContract, 'turn'>
export type RecallReply = Answers<typeof alethiaContract, 'recall'> & { readonly cards: CardPaths }
export type ForgetReply = Answers<typeof alethiaContract, 'forget'> & { readonly cards: CardPaths }
export type VerifyReply = Answers<typeof alethiaContract, 'verify'>
export type MemoryThreadsReply = Answers<typeof alethiaContract, 'threads'>
/** GET /api/manner, and the answer to every change of it. */
export type MannerReply = Answers<typeof snarfContract, 'profile'> & {
  /** Each of them explained, in the order of the settings. */
  readonly dimensions: Answers<typeof snarfContract, 'explain'>[]
}
export type TopicsReply = Answers<typeof tietoContract, 'topics'>
export type DocumentsReply = Answers<typeof tietoContract, 'documents'>
export type SearchReply = Answers<typeof tietoContract, 'search'>
export type PassageReply = Answers<typeof tietoContract, 'read'>
/** Requests, and topics of the bus that are carried beyond this machine: how many messages since that service started. */
export type LedgerReply = Answers<typeof inferenceContract, 'ledger'> & {
  readonly carried: { readonly topic: string; readonly servers: string[]; readonly sent: number }[]
}
export type ServicesReply = Answers<typeof gilgulContract, 'status'>
export type ModelsReply = Answers<typeof inferenceContract, 'models'> & {
  readonly machine: Answers<typeof inferenceContract, 'machine'>
}
