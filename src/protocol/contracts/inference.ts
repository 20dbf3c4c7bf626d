import * as z from 'zod'
import { defineContract, sensitive } from '../contract.ts'
import { completionItemSchema, completionRequestSchema } from './completion.ts'

export const EMBEDDED_TEXTS_MAX = 256
export const EMBEDDED_TEXT_LENGTH_MAX = 32_768

const count = z.number().int().nonnegative()
const modelIdSchema = z
  .string()
  .regex(/^[a-zA-Z0-9][a-zA-Z0-9._-]{0,63}$/, "a model's id is 1 to 64 of letters, digits, dot, _ and -")

const textsSchema = z
  .array(sensitive(z.string().max(EMBEDDED_TEXT_LENGTH_MAX)))
  .min(1)
  .max(EMBEDDED_TEXTS_MAX)

export const modelSchema = z.object({
  id: modelIdSchema,
  engine: z.enum(['llama', 'openai', 'extractive']),
  purpose: z.enum(['chat', 'embedding']),
  /** As the file names itself. */
  name: z.string(),
  architecture: z.string(),
  path: z.string(),
  sizeBytes: count,
  parameters: count,
  /** What it was trained for; 0 where that has no meaning. */
  contextTokens: count,
  /** Weights, cache and buffers at the context it will run with: an estimate, until it was measured. */
  memoryBytes: count,
  licence: z.string(),
  digest: z.string(),
  isDefault: z.boolean(),
  state: z.enum(['ready', 'loading', 'stopped', 'failed']),
  /** Why it is in that state, in a sentence; may be empty. */
  reason: z.string(),
})
export type Model = z.infer<typeof modelSchema>

export const suggestionSchema = z.object({
  name: z.string(),
  purpose: z.string(),
  fileName: z.string(),
  sizeBytes: count,
  memoryBytes: count,
  licence: z.string(),
  fits: z.enum(['well', 'tight', 'no']),
})
export type Suggestion = z.infer<typeof suggestionSchema>

/** One interface over every engine: local models, servers that speak OpenAI's protocol, and no model at all. */
export const inferenceContract = defineContract({
  name: 'inference',
  version: 1,
  operations: {
    /** The model that is named, else the default one, else the extractive engine, which only quotes. */
    complete: {
      input: completionRequestSchema.extend({ model: modelIdSchema.optional() }),
      item: completionItemSchema,
      windowItems: 256,
      errors: [
        'MODEL_UNKNOWN',
        'MODEL_FAILED',
        'MODEL_GONE',
        'MODEL_TOO_LARGE',
        'CONTEXT_FULL',
        'ENGINE_UNREACHABLE',
      ],
      limits: { timeoutMs: 600_000, runningMax: 32 },
    },
    /** Without a model: by the embedding model that Runa ships. Vectors are normalised. */
    embed: {
      input: z.object({ model: modelIdSchema.optional(), texts: textsSchema }),
      output: z.object({
        model: z.string(),
        vectors: z.array(z.array(z.number())),
        tokens: count,
      }),
      errors: [
        'MODEL_UNKNOWN',
        'MODEL_FAILED',
        'MODEL_GONE',
        'MODEL_TOO_LARGE',
        'CONTEXT_FULL',
        'ENGINE_UNREACHABLE',
      ],
      limits: { timeoutMs: 120_000, runningMax: 16 },
    },
    models: {
      input: z.object({}),
      output: z.object({ models: z.array(modelSchema) }),
      errors: [],
      limits: { timeoutMs: 10_000, runningMax: 32 },
    },
    /** The file is read and checked first; a bad one changes nothing. It is linked, unless `copy` says otherwise. */
    addModel: {
      input: z.object({
        path: z.string().min(1).max(4_096),
        id: modelIdSchema.optional(),
        copy: z.boolean().default(false),
      }),
      output: modelSchema,
      errors: ['FILE_NOT_FOUND', 'MODEL_INVALID', 'MODEL_EXISTS', 'MODEL_TOO_LARGE', 'DISK_FULL'],
      limits: { timeoutMs: 1_800_000, runningMax: 2 },
    },
    /** The person's own file stays; only what Runa copied is deleted. */
    removeModel: {
      input: z.object({ id: modelIdSchema }),
      output: z.object({}),
      errors: ['MODEL_UNKNOWN', 'DISK_FULL'],
      limits: { timeoutMs: 30_000, runningMax: 4 },
    },
    useModel: {
      input: z.object({ id: modelIdSchema }),
      output: modelSchema,
      errors: ['MODEL_UNKNOWN', 'DISK_FULL'],
      limits: { timeoutMs: 30_000, runningMax: 4 },
    },
    /** What this machine has, and which well-known models would fit. Nothing is downloaded. */
    machine: {
      input: z.object({}),
      output: z.object({
        memoryTotalBytes: count,
        memoryFreeBytes: count,
        diskFreeBytes: count,
        cores: count,
        suggestions: z.array(suggestionSchema),
      }),
      errors: [],
      limits: { timeoutMs: 10_000, runningMax: 8 },
    },
    /** Every request that left this machine since Runa was set up, newest first. Only the openai engine can make one. */
    ledger: {
      input: z.object({ limit: z.number().int().min(0).max(1_000).default(100) }),
      output: z.object({
        total: count,
        requests: z.array(z.object({ at: count, host: z.string(), purpose: z.string() })),
      }),
      errors: [],
      limits: { timeoutMs: 10_000, runningMax: 8 },
    },
  },
  events: {
    modelsChanged: z.object({}),
  },
})

/** One loaded model, in a process of its own, started by gilgul at inference's request under a name of its own. */
export const modelContract = defineContract({
  name: 'model',
  version: 1,
  operations: {
    complete: {
      input: completionRequestSchema,
      item: completionItemSchema,
      windowItems: 256,
      errors: ['MODEL_FAILED', 'CONTEXT_FULL'],
      limits: { timeoutMs: 600_000, runningMax: 32 },
    },
    embed: {
      input: z.object({ texts: textsSchema }),
      output: z.object({ vectors: z.array(z.array(z.number())), tokens: count }),
      errors: ['MODEL_FAILED', 'CONTEXT_FULL'],
      limits: { timeoutMs: 120_000, runningMax: 16 },
    },
    /**
     * Resolves once the model has made a token: one for this where nobody has asked it anything, else the next that it reads
     * or makes for somebody. So one that does not resolve is stuck, however well its process beats.
     */
    prove: {
      input: z.object({}),
      output: z.object({}),
      errors: ['MODEL_FAILED'],
      limits: { timeoutMs: 600_000, runningMax: 4 },
    },
  },
  events: {},
})
