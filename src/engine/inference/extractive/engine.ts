import type { Embedder } from '#kernel/embedding'
import { typeable } from '#kernel/home'
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
import { type ChosenQuote, chooseQuotes } from './choose.ts'

export interface ExtractiveOptions {
  readonly embedder: Embedder
  readonly guard: Guard
  /** Whether a language model is there, and this engine was chosen all the same. */
  readonly hasModel: () => boolean
  /** A model that would run well here, in words such as `Qwen2.5 1.5B Instruct (1.1 GB)`. */
  readonly suggestion: () => Promise<string | undefined>
}

/** What it calls itself, where one names it instead of a model. */
export const EXTRACTIVE_ID = 'extractive'

/** To be raised with each change that may make it quote something else. */
const VERSION = 1

const MODEL: ModelUsed = { id: EXTRACTIVE_ID, engine: 'extractive', digest: '' }

/** Answers without a language model: by quoting the passages that it was given, and it says so. */
export function createExtractiveEngine(options: ExtractiveOptions): Engine {
  const { embedder } = options
  return {
    model: MODEL,
    capabilities: { complete: true, embed: true, tokenHook: 'pre-commit' },
    estimate: () => 0,
    load: async () => {},
    unload: async () => {},
    complete: (request, signal) => quote(request, signal, options),
    async embed(texts) {
      const vectors = texts.map((text) => [...embedder.embed(text)])
      const tokens = texts.reduce((sum, text) => sum + embedder.countTokens(text), 0)
      return { model: embedder.model, vectors, tokens }
    },
  }
}

async function* quote(
  request: CompletionRequest,
  signal: AbortSignal,
  options: ExtractiveOptions,
): AsyncGenerator<CompletionItem> {
  const { embedder, guard } = options
  const build = `extractive ${VERSION}, ${embedder.model}, ${options.hasModel() ? 'beside' : 'without'} a language model`
  const computation = { ...NO_COMPUTATION, build, policy: guard.hash }
  const answer = createAnswer({ model: MODEL, computation, sampling: {} }, guard)
  const { messages, verdicts, reply } = checkMessages(guard, request.messages)
  yield* answer.start(verdicts)
  if (reply !== undefined) return yield* answer.refuse(reply)

  const question = messages.findLast((message) => message.role === 'user')?.content ?? ''
  const promptTokens = embedder.countTokens(question)
  const quotes = chooseQuotes(question, request.passages, embedder)
  const shown: ChosenQuote[] = []
  for (const piece of await composePieces(quotes, request.passages.length > 0, options)) {
    if (signal.aborted) throw new RunaError('CANCELLED', undefined, { cause: signal.reason })
    if (answer.isBlocked) break
    yield* answer.say(piece.text, embedder.countTokens(piece.text))
    if (piece.quote) shown.push(piece.quote)
  }
  const places = shown.map(({ number, start, end }) => ({ number, start, end }))
  yield* answer.end(quotes.length > 0 ? 'stop' : 'no-match', { promptTokens, quotes: places })
}

interface Piece {
  readonly text: string
  readonly quote?: ChosenQuote
}

async function composePieces(
  quotes: readonly ChosenQuote[],
  hadPassages: boolean,
  { hasModel, suggestion }: ExtractiveOptions,
): Promise<Piece[]> {
  const opening = hasModel()
    ? 'These are quotes from your documents, chosen without a language model:'
    : 'No language model is installed, so these are quotes from your documents, not an answer in my own words:'
  const pieces: Piece[] =
    quotes.length > 0
      ? [
          { text: opening },
          ...quotes.map((quote) => ({ text: `\n\n“${quote.text}” [${quote.number}]`, quote })),
        ]
      : [{ text: noMatch(hadPassages, hasModel()) }]
  if (!hasModel()) pieces.push({ text: `\n\n${howToGetModel(await suggestion())}` })
  return pieces
}

function noMatch(hadPassages: boolean, hasModel: boolean): string {
  const nothing = hadPassages
    ? 'I looked through the documents and found no sentence that answers this.'
    : 'I found nothing in the documents that fits this question.'
  return hasModel
    ? nothing
    : `${nothing} No language model is installed, so I can only quote, not reason or chat.`
}

function howToGetModel(suggestion: string | undefined): string {
  const example = suggestion ? `, for instance ${suggestion}` : ''
  return typeable(
    `For answers in words, add a model that fits this machine${example}: \`runa models suggest\` lists some.`,
  )
}
