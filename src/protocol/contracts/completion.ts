import * as z from 'zod'
import { sensitive } from '../contract.ts'
import { placeSchema, titleSchema } from './passage.ts'

export const QUESTION_LENGTH_MAX = 32_768
export const MESSAGES_MAX = 512
export const MESSAGE_LENGTH_MAX = 200_000
export const COMPLETION_TOKENS_MAX = 32_768

const count = z.number().int().nonnegative()

export const messageSchema = z.object({
  role: z.enum(['system', 'user', 'assistant']),
  content: sensitive(z.string().max(MESSAGE_LENGTH_MAX)),
})
export type Message = z.infer<typeof messageSchema>

/** How the next token is chosen. What is left out is the engine's choice. */
export const samplingSchema = z.object({
  temperature: z.number().min(0).max(2).optional(),
  topK: z.number().int().min(0).max(1_000).optional(),
  topP: z.number().min(0).max(1).optional(),
  minP: z.number().min(0).max(1).optional(),
  repeatPenalty: z.number().min(0.1).max(3).optional(),
  seed: z.number().int().min(0).max(0xffff_ffff).optional(),
  tokensMax: z.number().int().min(1).max(COMPLETION_TOKENS_MAX).optional(),
  stop: z
    .array(sensitive(z.string().min(1).max(256)))
    .max(16)
    .optional(),
})
export type Sampling = z.infer<typeof samplingSchema>

/** What tokenwhisper found, and did. It never holds what was matched, which may be a secret. */
export const verdictSchema = z.object({
  policy: z.string(),
  /** SHA-256 of the policy's content. */
  policyHash: z.string(),
  rule: z.string(),
  dimension: z.string(),
  action: z.enum(['allow', 'flag', 'mask', 'block']),
  direction: z.enum(['input', 'output']),
  /** Bytes, in the text as the person or the model wrote it. */
  start: count,
  end: count,
  /** The first and the last token of the answer that it is about. The first of all is 0. */
  tokens: z.object({ from: count, to: count }).optional(),
})
export type Verdict = z.infer<typeof verdictSchema>

/** A passage that the answer may rest on. Its number is how the answer names it: `[1]`. */
export const numberedPassageSchema = placeSchema.extend({
  number: z.number().int().positive(),
  title: titleSchema,
  /** As the search gave it: comparable within one request only. */
  score: z.number().default(0),
  text: sensitive(z.string()),
  /** SHA-256 of the whole document, as it was then. */
  digest: z.string().optional(),
})
export type NumberedPassage = z.infer<typeof numberedPassageSchema>

/** A piece of a passage that the answer quotes. Offsets count the bytes of the source file. */
export const quoteSchema = z.object({ number: z.number().int().positive(), start: count, end: count })
export type Quote = z.infer<typeof quoteSchema>

export const modelUsedSchema = z.object({
  id: z.string(),
  engine: z.enum(['llama', 'openai', 'extractive']),
  /** SHA-256 of the model's file, or empty where there is none. */
  digest: z.string(),
})
export type ModelUsed = z.infer<typeof modelUsedSchema>

/** By what, besides the model, an answer was computed. The same again gives the same tokens. */
export const computationSchema = z.object({
  /** The engine with its versions. Empty where nobody knows, as of a server. */
  build: z.string(),
  /** The code that the engine chose for this processor; empty where it has but one. */
  cpu: z.string(),
  /** Empty: it ran on the processor alone. */
  gpu: z.string(),
  threads: count,
  contextTokens: count,
  /** SHA-256 over all policies; empty where the owner has switched them off. */
  policy: z.string(),
})
export type Computation = z.infer<typeof computationSchema>

export const NO_COMPUTATION: Computation = {
  ...{ build: '', cpu: '', gpu: '', threads: 0, contextTokens: 0, policy: '' },
}

export const usageSchema = z.object({ promptTokens: count, completionTokens: count })
export type Usage = z.infer<typeof usageSchema>

/** Why a completion ended. `blocked`: a policy's fixed reply stands in place of the rest. */
export const endReasonSchema = z.enum(['stop', 'length', 'blocked', 'no-match'])

/** What an engine is asked for. */
export const completionRequestSchema = z.object({
  messages: z.array(messageSchema).min(1).max(MESSAGES_MAX),
  /** They stand in `messages` too, for models that read. The extractive engine quotes from here. */
  passages: z.array(numberedPassageSchema).max(64).default([]),
  sampling: samplingSchema.default({}),
})
export type CompletionRequest = z.infer<typeof completionRequestSchema>

/** What an engine sends: one `start`, any number of `text` and `verdict`, one `end`. */
export const completionItemSchema = z.discriminatedUnion('kind', [
  z.object({
    kind: z.literal('start'),
    model: modelUsedSchema,
    computation: computationSchema.optional(),
    /** With everything that the engine chose itself. The seed is drawn where none was given. */
    sampling: samplingSchema.optional(),
  }),
  z.object({ kind: z.literal('text'), text: sensitive(z.string()), tokens: count }),
  z.object({ kind: z.literal('verdict'), verdict: verdictSchema }),
  z.object({
    kind: z.literal('end'),
    reason: endReasonSchema,
    usage: usageSchema,
    quotes: z.array(quoteSchema),
    /**
     * SHA-256 over the ids of all tokens that the model made, four bytes each, the lowest first: also those that a
     * policy kept back. Missing where the engine has no tokens of its own.
     */
    tokensDigest: z.string().optional(),
    /** Until the first token, and in all. */
    firstTokenMs: z.number().nonnegative(),
    totalMs: z.number().nonnegative(),
  }),
])
export type CompletionItem = z.infer<typeof completionItemSchema>
