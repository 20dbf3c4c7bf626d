import {
  type CallContext,
  type Client,
  type CompletionItem,
  type inferenceContract,
  type Model,
  RunaError,
  type Sampling,
} from '#protocol'
import { BYTES_PER_TOKEN } from './budget.ts'
import { patiently } from './patience.ts'
import type { PromptRoom } from './prompt.ts'

type Inference = Pick<Client<typeof inferenceContract>, 'complete' | 'models'>
type Request = Parameters<Inference['complete']>[0]

const PATIENCE_MS = 10_000
const MODELS_TIMEOUT_MS = 3_000
/** Room for the answer where nobody says how long it may become. */
const ANSWER_TOKENS = 768
/** The extractive engine has no context to fill; this keeps the request well below what the bus carries at once. */
const QUOTING_BYTES_MAX = 256 * 1_024

/** How much the model that will answer can read, by estimate. Where nobody knows, the configured context counts. */
export async function roomFor(
  { inference, contextTokens }: { readonly inference: Inference; readonly contextTokens: number },
  modelId: string | undefined,
  sampling: Sampling,
  { signal, trace }: CallContext,
): Promise<PromptRoom> {
  const models = await inference
    .models({}, { signal, trace, timeoutMs: MODELS_TIMEOUT_MS })
    .then((answer) => answer.models)
    .catch((): undefined => undefined)
  if (signal.aborted) throw signal.reason
  const model = models?.find((candidate) => isMeant(candidate, modelId))
  const quotesOnly = model ? model.engine === 'extractive' : models !== undefined && modelId === undefined
  if (quotesOnly) return { sizeBytesMax: QUOTING_BYTES_MAX, readsPassages: false }
  const tokens = tokensOf(model, contextTokens)
  const answerTokens = Math.min(sampling.tokensMax ?? ANSWER_TOKENS, Math.floor(tokens / 3))
  return { sizeBytesMax: (tokens - answerTokens) * BYTES_PER_TOKEN, readsPassages: true }
}

function isMeant(model: Model, modelId: string | undefined): boolean {
  return modelId === undefined ? model.isDefault && model.purpose === 'chat' : model.id === modelId
}

function tokensOf(model: Model | undefined, contextTokens: number): number {
  const trained = model?.contextTokens || contextTokens
  return model?.engine === 'openai' ? trained : Math.min(trained, contextTokens)
}

/**
 * Resolves once the engine has begun to answer, and tries again before that: as long as nothing was said, a service
 * that died and came back costs a pause, not the answer. A model that fails twice is not tried a third time.
 */
export async function openCompletion(
  inference: Inference,
  request: Request,
  { signal, trace }: CallContext,
): Promise<AsyncGenerator<CompletionItem, void>> {
  const open = () => begin(inference.complete(request, { signal, trace }))
  const codes = ['SERVICE_LOST', 'BUSY'] as const
  const patient = () => patiently(open, { patienceMs: PATIENCE_MS, codes, signal })
  try {
    return await patient()
  } catch (error) {
    if (!(error instanceof RunaError) || error.code !== 'MODEL_FAILED' || signal.aborted) throw error
    return patient()
  }
}

/** Takes items up to the first that a person can see, then gives back a stream of all of them. */
async function begin(
  stream: AsyncGenerator<CompletionItem, void>,
): Promise<AsyncGenerator<CompletionItem, void>> {
  const taken: CompletionItem[] = []
  for (let silent = true; silent; ) {
    const { done, value } = await stream.next()
    if (done) break
    taken.push(value)
    silent = value.kind === 'start'
  }
  return replay(taken, stream)
}

async function* replay(taken: readonly CompletionItem[], stream: AsyncGenerator<CompletionItem, void>) {
  try {
    yield* taken
    yield* stream
  } finally {
    await stream.return()
  }
}
