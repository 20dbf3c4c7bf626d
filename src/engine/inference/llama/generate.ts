import type { ChatWrapper, LlamaContextSequence, Token } from 'node-llama-cpp'
import { type CompletionItem, type Message, RunaError } from '#protocol'
import type { Answer } from '../answer.ts'
import { BATCH_TOKENS } from '../gguf/describe.ts'
import { createDecoder } from './decoder.ts'
import { composePrompt, type Prompt } from './prompt.ts'
import { samplingOptions, type WholeSampling } from './sampling.ts'
import { createStopFinder } from './stop-finder.ts'

export interface Generation {
  readonly sequence: LlamaContextSequence
  readonly wrapper: ChatWrapper | undefined
  /** Prompt and answer together have at most so many tokens. */
  readonly contextTokens: number
  readonly messages: readonly Message[]
  readonly sampling: WholeSampling
  readonly answer: Answer
  readonly signal: AbortSignal
  /** Called with each token, and each piece of the prompt. */
  readonly onProgress: () => void
}

/**
 * Says an answer token by token. Each one passes the stop texts and the policy before the model goes on from it.
 * Rejects with CONTEXT_FULL before the first token, CANCELLED by the signal.
 */
export async function generate(
  { sequence, wrapper, contextTokens, messages, sampling, answer, signal, onProgress }: Generation,
  put: (item: CompletionItem) => Promise<void>,
): Promise<void> {
  const { model } = sequence
  const prompt = composePrompt(model, wrapper, messages)
  const room = contextTokens - prompt.tokens.length
  if (room < 1) throw contextFull(prompt.tokens.length, contextTokens)
  const tokensMax = Math.min(sampling.tokensMax, room)
  const decoder = createDecoder(model, prompt.tokens)
  const stops = createStopFinder([...prompt.stopTexts, ...(sampling.stop ?? [])])
  const spoken: Token[] = []
  let isFirst = prompt.trimsStart
  const say = async (text: string, tokens: number) => {
    const trimmed = isFirst ? text.trimStart() : text
    isFirst &&= trimmed === ''
    for (const item of answer.say(trimmed, tokens)) await put(item)
  }

  const options = samplingOptions(sampling, () => spoken)
  let reason: 'stop' | 'length' = 'stop'
  let isStopped = false
  for await (const token of speak({ sequence, signal, onProgress }, prompt, options)) {
    onProgress()
    if (signal.aborted) throw cancelled(signal)
    if (prompt.stopTokens.has(token)) break
    spoken.push(token)
    const { text, found } = stops.push(decoder.push(token))
    await say(text, 1)
    isStopped = found
    if (found || answer.isBlocked) break
    if (spoken.length >= tokensMax) {
      reason = 'length'
      break
    }
  }
  if (signal.aborted) throw cancelled(signal)
  if (!isStopped) await say(stops.push(decoder.end()).text + stops.end(), 0)
  for (const item of answer.end(reason, { promptTokens: prompt.tokens.length, tokens: spoken }))
    await put(item)
}

/** Reads the prompt piece by piece, so that a long one can be given up, then yields what the model says. */
async function* speak(
  { sequence, signal, onProgress }: Pick<Generation, 'sequence' | 'signal' | 'onProgress'>,
  { tokens }: Prompt,
  options: ReturnType<typeof samplingOptions>,
): AsyncGenerator<Token, void> {
  // Nothing of an earlier conversation is left for this one to see.
  await sequence.clearHistory()
  const lastPiece = Math.floor((tokens.length - 1) / BATCH_TOKENS) * BATCH_TOKENS
  for (let start = 0; start < lastPiece; start += BATCH_TOKENS) {
    if (signal.aborted) throw cancelled(signal)
    await sequence.evaluateWithoutGeneratingNewTokens(tokens.slice(start, start + BATCH_TOKENS))
    onProgress()
  }
  if (signal.aborted) throw cancelled(signal)
  yield* sequence.evaluate(tokens.slice(lastPiece), options)
}

function cancelled(signal: AbortSignal): RunaError {
  return new RunaError('CANCELLED', undefined, { cause: signal.reason })
}

function contextFull(promptTokens: number, contextTokens: number): RunaError {
  const numbers = `The conversation has ${promptTokens} tokens, and the model reads ${contextTokens} at once`
  return new RunaError('CONTEXT_FULL', `${numbers}, its answer included.`)
}
