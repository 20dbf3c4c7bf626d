import * as z from 'zod'
import type { ServerConfig } from '#kernel/config'
import { wipe } from '#kernel/seal'
import type { HeldSecret } from '#kernel/service'
import {
  type CompletionItem,
  type CompletionRequest,
  type ModelUsed,
  NO_COMPUTATION,
  RunaError,
} from '#protocol'
import { createAnswer } from '../answer.ts'
import type { Engine } from '../engine.ts'
import { checkMessages, type Guard } from '../guard.ts'
import type { Ledger } from '../ledger.ts'
import { normalize } from '../vector.ts'
import { readEvents } from './events.ts'
import { postToServer, readBounded, type ServerRequest, SILENCE_MS, unreachable } from './request.ts'

export interface OpenaiOptions {
  readonly server: ServerConfig
  readonly guard: Guard
  readonly ledger: Ledger
  readonly environment?: NodeJS.ProcessEnv
  /** Of the server's key, where the vault has it. */
  readonly held?: Pick<HeldSecret, 'use'> | undefined
  /** How long the server may say nothing. */
  readonly silenceMs?: number
}

const usageSchema = z.object({ prompt_tokens: z.number(), completion_tokens: z.number() })

const chunkSchema = z.object({
  choices: z
    .array(
      z.object({
        delta: z.object({ content: z.string().nullish() }).nullish(),
        finish_reason: z.string().nullish(),
      }),
    )
    .default([]),
  usage: usageSchema.nullish(),
  error: z.unknown().optional(),
})

const embeddingsSchema = z.object({
  data: z.array(z.object({ index: z.number().int(), embedding: z.array(z.number()) })),
  usage: z.object({ prompt_tokens: z.number() }).nullish(),
})

/** A model behind a server that speaks OpenAI's protocol: llama-server, vLLM, Ollama, or another Runa. */
export function createOpenaiEngine(options: OpenaiOptions): Engine {
  const { server, ledger, silenceMs = SILENCE_MS } = options
  const to: ServerRequest = { server, ledger, key: () => keyOf(options) }
  const model: ModelUsed = { id: server.id, engine: 'openai', digest: '' }
  const isChat = server.purpose === 'chat'
  return {
    model,
    capabilities: { complete: isChat, embed: !isChat, tokenHook: 'post-hoc' },
    estimate: () => 0,
    load: async () => {},
    unload: async () => {},
    complete: (request, signal) => complete(request, signal, { ...options, silenceMs }, to, model),
    async embed(texts, signal) {
      const watch = watchSilence(server, signal, silenceMs)
      try {
        const body = { model: server.model, input: texts, encoding_format: 'float' }
        const response = await postToServer(to, '/embeddings', body, watch.signal)
        const { data, usage } = parseAnswer(server, embeddingsSchema, await readBounded(server, response))
        const vectors = inOrder(server, data, texts.length)
        return { model: `${server.id}:${server.model}`, vectors, tokens: usage?.prompt_tokens ?? 0 }
      } catch (error) {
        throw watch.explain(error)
      } finally {
        watch.end()
      }
    },
  }
}

/** What ends a line in a file or on a terminal is no part of a key. */
async function keyOf({
  server,
  held,
  environment = process.env,
}: OpenaiOptions): Promise<string | undefined> {
  if (!held) return server.keyVariable === undefined ? undefined : environment[server.keyVariable]
  const value = await held.use().catch((cause) => {
    throw unreachable(server, 'cannot be asked: its key is not to be had', cause)
  })
  const key = value.toString('utf8').trim()
  wipe(value)
  return key
}

async function* complete(
  request: CompletionRequest,
  signal: AbortSignal,
  { server, guard, silenceMs = SILENCE_MS }: OpenaiOptions,
  to: ServerRequest,
  model: ModelUsed,
): AsyncGenerator<CompletionItem> {
  const answer = createAnswer(
    { model, computation: { ...NO_COMPUTATION, policy: guard.hash }, sampling: request.sampling },
    guard,
  )
  const { messages, verdicts, reply } = checkMessages(guard, request.messages)
  yield* answer.start(verdicts)
  if (reply !== undefined) return yield* answer.refuse(reply)

  const watch = watchSilence(server, signal, silenceMs)
  try {
    const response = await postToServer(
      to,
      '/chat/completions',
      bodyOf(request, messages, server),
      watch.signal,
    )
    if (!response.headers.get('content-type')?.startsWith('text/event-stream') || !response.body) {
      throw unreachable(server, 'does not stream its answer')
    }
    let reason: 'stop' | 'length' | undefined
    let promptTokens = 0
    for await (const text of readEvents(response.body)) {
      watch.heard()
      if (text === '[DONE]') break
      const chunk = parseAnswer(server, chunkSchema, text)
      if (chunk.error !== undefined) throw unreachable(server, 'failed in the middle of its answer')
      promptTokens = chunk.usage?.prompt_tokens ?? promptTokens
      const [choice] = chunk.choices
      if (choice?.delta?.content) yield* answer.say(choice.delta.content, 1)
      if (answer.isBlocked) break
      if (choice?.finish_reason) reason = choice.finish_reason === 'length' ? 'length' : 'stop'
    }
    if (reason === undefined && !answer.isBlocked)
      throw unreachable(server, 'ended in the middle of its answer')
    yield* answer.end(reason ?? 'stop', { promptTokens })
  } catch (error) {
    throw watch.explain(error)
  } finally {
    watch.end()
  }
}

function bodyOf(
  { sampling }: CompletionRequest,
  messages: CompletionRequest['messages'] | readonly unknown[],
  server: ServerConfig,
) {
  return {
    model: server.model,
    messages,
    stream: true,
    stream_options: { include_usage: true },
    temperature: sampling.temperature,
    top_p: sampling.topP,
    top_k: sampling.topK,
    min_p: sampling.minP,
    repeat_penalty: sampling.repeatPenalty,
    seed: sampling.seed,
    max_tokens: sampling.tokensMax,
    stop: sampling.stop,
  }
}

/** Ends the request when nobody waits for it any more, or when the server has fallen silent. */
function watchSilence(server: ServerConfig, signal: AbortSignal, silenceMs: number) {
  const ending = new AbortController()
  const cancel = () => ending.abort(new RunaError('CANCELLED', undefined, { cause: signal.reason }))
  const timer = setTimeout(() => {
    ending.abort(unreachable(server, `has said nothing for ${silenceMs} ms`))
  }, silenceMs)
  if (signal.aborted) cancel()
  signal.addEventListener('abort', cancel, { once: true })
  return {
    signal: ending.signal,
    heard: () => void timer.refresh(),
    end() {
      clearTimeout(timer)
      signal.removeEventListener('abort', cancel)
      // Lets go of a connection that is still open.
      ending.abort()
    },
    explain(error: unknown): unknown {
      if (ending.signal.aborted) return ending.signal.reason
      return error instanceof RunaError ? error : unreachable(server, 'broke off its answer', error)
    },
  }
}

function parseAnswer<Schema extends z.ZodType>(
  server: ServerConfig,
  schema: Schema,
  text: string,
): z.output<Schema> {
  try {
    return schema.parse(JSON.parse(text))
  } catch (cause) {
    throw unreachable(server, 'does not answer as the protocol says', cause)
  }
}

function inOrder(
  server: ServerConfig,
  data: readonly { readonly index: number; readonly embedding: number[] }[],
  count: number,
): number[][] {
  const vectors = [...data].sort((a, b) => a.index - b.index).map(({ embedding }) => normalize(embedding))
  const width = vectors[0]?.length
  if (vectors.length !== count || width === 0 || vectors.some((vector) => vector.length !== width)) {
    throw unreachable(server, 'gave other vectors than it was asked for')
  }
  return vectors
}
