import { createUuidV7, RunaError, type Turn, type Usage } from '#protocol'
import { readJson } from '../http/body.ts'
import { abortedWith, textStream } from '../http/text-stream.ts'
import { LIMITS } from '../limits.ts'
import type { Services } from '../services.ts'
import { type AnswerPart, answerParts } from './answer.ts'
import { type ChatRequest, chatRequestSchema } from './chat-request.ts'
import { toOpenaiError } from './failure.ts'

const FINISH_REASONS: Readonly<Record<Turn['reason'], string>> = {
  stop: 'stop',
  'no-match': 'stop',
  stopped: 'stop',
  length: 'length',
  failed: 'length',
  blocked: 'content_filter',
}

interface Frame {
  readonly id: string
  readonly created: number
  readonly model: string
}

/** POST /v1/chat/completions */
export async function completeChat(request: Request, services: Services): Promise<Response> {
  const asked = await readJson(request, chatRequestSchema, LIMITS.completionBytesMax)
  const abort = abortedWith(request)
  const parts = answerParts(services, asked, abort.signal)
  const frame = {
    id: `chatcmpl-${createUuidV7()}`,
    created: Math.floor(Date.now() / 1_000),
    model: asked.model,
  }
  if (!asked.stream) return Response.json(await collect(parts, frame))
  // The first part decides about the status: once the stream has begun, it can only break off.
  const first = await parts.next()
  return textStream(toChunks(first, parts, asked, frame), abort, {
    contentType: 'text/event-stream; charset=utf-8',
    encode: (chunk) => `data: ${typeof chunk === 'string' ? chunk : JSON.stringify(chunk)}\n\n`,
    encodeFailure: (error) => `data: ${JSON.stringify(toOpenaiError(error))}\n\n`,
  })
}

async function collect(parts: AsyncIterable<AnswerPart>, frame: Frame): Promise<object> {
  let content = ''
  for await (const part of parts) {
    if (part.kind === 'text') content += part.text
    else {
      const message = { role: 'assistant', content, refusal: null }
      const choice = { index: 0, message, logprobs: null, finish_reason: FINISH_REASONS[part.reason] }
      return {
        ...frame,
        object: 'chat.completion',
        choices: [choice],
        usage: toUsage(part.usage),
        citations: part.citations,
      }
    }
  }
  throw new RunaError('MODEL_FAILED', 'The answer ended before its end.')
}

async function* toChunks(
  first: IteratorResult<AnswerPart, void>,
  rest: AsyncGenerator<AnswerPart, void>,
  asked: ChatRequest,
  frame: Frame,
): AsyncGenerator<object | string, void> {
  const chunk = (delta: object, finish: string | null = null) => ({
    ...frame,
    object: 'chat.completion.chunk',
    choices: [{ index: 0, delta, logprobs: null, finish_reason: finish }],
  })
  try {
    yield chunk({ role: 'assistant', content: '' })
    for (let next = first; !next.done; next = await rest.next()) {
      const part = next.value
      if (part.kind === 'text') yield chunk({ content: part.text })
      else {
        yield { ...chunk({}, FINISH_REASONS[part.reason]), citations: part.citations }
        if (asked.stream_options?.include_usage) {
          yield { ...frame, object: 'chat.completion.chunk', choices: [], usage: toUsage(part.usage) }
        }
      }
    }
    yield '[DONE]'
  } finally {
    await rest.return()
  }
}

function toUsage({ promptTokens, completionTokens }: Usage): object {
  return {
    prompt_tokens: promptTokens,
    completion_tokens: completionTokens,
    total_tokens: promptTokens + completionTokens,
  }
}
