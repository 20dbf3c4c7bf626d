import * as z from 'zod'
import {
  COMPLETION_TOKENS_MAX,
  MESSAGE_LENGTH_MAX,
  MESSAGES_MAX,
  type Message,
  type Sampling,
} from '#protocol'

/** Refuses what Runa cannot do, where doing without it would change what the answer means. */
function absent(message: string) {
  return z.unknown().optional().refine(isNothing, message)
}

function isNothing(value: unknown): boolean {
  if (value === undefined || value === null || value === false || value === 0) return true
  return typeof value === 'object' && Object.keys(value).length === 0
}

const partSchema = z.object({ type: z.literal('text'), text: z.string() })
const contentSchema = z.union([z.string(), z.array(partSchema)], {
  error: 'Runa reads text: a string, or parts of the type text',
})

const messageSchema = z
  .object({
    role: z.enum(['system', 'developer', 'user', 'assistant'], {
      error: 'must be one of system, developer, user and assistant',
    }),
    content: contentSchema.nullish(),
    tool_calls: absent('Runa calls no tools'),
  })
  .transform(({ role, content }): Message => {
    const text = typeof content === 'string' ? content : (content ?? []).map((part) => part.text).join('\n')
    return { role: role === 'developer' ? 'system' : role, content: text }
  })
  .refine(({ content }) => content.length <= MESSAGE_LENGTH_MAX, 'the message is too long')

const tokensSchema = z.number().int().min(1).nullish()

/** What OpenAI's clients send. What is not named here changes nothing about the answer, and is left aside. */
export const chatRequestSchema = z.object({
  model: z.string().min(1),
  messages: z.array(messageSchema).min(1).max(MESSAGES_MAX),
  stream: z.boolean().nullish(),
  stream_options: z.object({ include_usage: z.boolean().nullish() }).nullish(),
  temperature: z.number().min(0).max(2).nullish(),
  top_p: z.number().min(0).max(1).nullish(),
  seed: z.number().int().nullish(),
  stop: z.union([z.string().min(1).max(256), z.array(z.string().min(1).max(256)).max(16)]).nullish(),
  max_tokens: tokensSchema,
  max_completion_tokens: tokensSchema,
  n: z
    .number()
    .nullish()
    .refine((count) => (count ?? 1) === 1, 'Runa gives one answer at a time'),
  tools: absent('Runa calls no tools'),
  functions: absent('Runa calls no functions'),
  logprobs: absent('Runa gives no probabilities'),
  top_logprobs: absent('Runa gives no probabilities'),
  logit_bias: absent('Runa does not bias single tokens'),
  frequency_penalty: absent('Runa knows no frequency penalty'),
  presence_penalty: absent('Runa knows no presence penalty'),
  audio: absent('Runa writes text'),
  web_search_options: absent('Runa never searches the web'),
  modalities: z
    .array(z.string())
    .nullish()
    .refine((kinds) => (kinds ?? []).every((kind) => kind === 'text'), 'Runa writes text'),
  response_format: z
    .object({ type: z.string() })
    .nullish()
    .refine((format) => (format?.type ?? 'text') === 'text', 'Runa holds to no output format but text'),
})
export type ChatRequest = z.output<typeof chatRequestSchema>

export function samplingOf(request: ChatRequest): Sampling {
  const { temperature, top_p: topP, seed, stop } = request
  const tokensMax = request.max_completion_tokens ?? request.max_tokens
  return {
    ...(isGiven(temperature) && { temperature }),
    ...(isGiven(topP) && { topP }),
    // Theirs has 64 bits and a sign: what matters is that the same seed is always the same.
    ...(isGiven(seed) && { seed: Number(BigInt.asUintN(32, BigInt(seed))) }),
    ...(isGiven(stop) && { stop: typeof stop === 'string' ? [stop] : stop }),
    ...(isGiven(tokensMax) && { tokensMax: Math.min(tokensMax, COMPLETION_TOKENS_MAX) }),
  }
}

function isGiven<Value>(value: Value | null | undefined): value is Value {
  return value !== null && value !== undefined
}
