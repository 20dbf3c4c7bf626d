import {
  type ChatWrapper,
  getLlama,
  type Llama,
  type LlamaContextSequence,
  type LlamaEmbeddingContext,
  LlamaLogLevel,
  type LlamaModel,
  NoBinaryFoundError,
  resolveChatWrapper,
} from 'node-llama-cpp'
import {
  type CompletionItem,
  type CompletionRequest,
  type Computation,
  type ModelUsed,
  NO_COMPUTATION,
  RunaError,
} from '#protocol'
import { createAnswer } from '../answer.ts'
import type { Embedded, Engine } from '../engine.ts'
import { BATCH_TOKENS } from '../gguf/describe.ts'
import { checkMessages, type Guard } from '../guard.ts'
import type { ModelSettings } from '../local/settings.ts'
import { normalize } from '../vector.ts'
import { describeBuild } from './build.ts'
import { generate } from './generate.ts'
import { createItemBuffer } from './item-buffer.ts'
import { keepThreads } from './kept-threads.ts'
import { createProgress, proveProgress } from './progress.ts'
import { createQueue } from './queue.ts'
import { wholeSampling } from './sampling.ts'
import { chooseThreads, measureThreads, threadsMax } from './threads.ts'

export interface LlamaOptions {
  readonly settings: ModelSettings
  readonly guard: Guard
  /** Looks at every weight while loading; slower. */
  readonly checksWeights?: boolean
  /** Where the number of threads is kept once it was measured; measured at each loading where it is missing. */
  readonly threadsPath?: string
}

const WAITING_MAX = 32

interface Loaded {
  readonly llama: Llama
  readonly threads: number
  readonly build: Pick<Computation, 'build' | 'cpu' | 'gpu'>
  /** Undefined for a model without a chat template. */
  readonly wrapper: ChatWrapper | undefined
  readonly sequence: LlamaContextSequence | undefined
  readonly embedding: LlamaEmbeddingContext | undefined
}

export interface LlamaEngine extends Engine {
  /** As measured when the model was loaded. */
  readonly threads: number
  /** Resolves once it has made a token. Rejects with MODEL_FAILED, or CANCELLED by the signal. */
  prove(signal: AbortSignal): Promise<void>
}

/** A model in this process, by llama.cpp. It is asked one thing at a time, by arrival. */
export function createLlamaEngine(options: LlamaOptions): LlamaEngine {
  const { settings, guard } = options
  const model: ModelUsed = { id: settings.id, engine: 'llama', digest: settings.digest }
  const queue = createQueue(WAITING_MAX)
  const progress = createProgress()
  const onProgress = progress.happened
  const isChat = settings.purpose === 'chat'
  let loaded: Loaded | undefined

  function need<Part>(part: Part | undefined): Part {
    if (part === undefined) throw notLoaded(settings)
    return part
  }

  async function* complete(request: CompletionRequest, signal: AbortSignal): AsyncGenerator<CompletionItem> {
    const sampling = wholeSampling(request.sampling)
    const answer = createAnswer({ model, computation: computationOf(loaded, options), sampling }, guard)
    const { messages, verdicts, reply } = checkMessages(guard, request.messages)
    yield* answer.start(verdicts)
    if (reply !== undefined) return yield* answer.refuse(reply)

    const sequence = need(loaded?.sequence)
    const leave = await queue.enter(signal)
    const ending = new AbortController()
    const buffer = createItemBuffer()
    const put = (item: CompletionItem) => progress.outside(buffer.put(item))
    const work = { sequence, wrapper: loaded?.wrapper, contextTokens: settings.contextTokens }
    const either = AbortSignal.any([signal, ending.signal])
    const generating = generate({ ...work, messages, sampling, answer, signal: either, onProgress }, put)
      .then(buffer.end, (error) => buffer.fail(explain(error)))
      .finally(leave)
    try {
      yield* buffer.read()
    } finally {
      ending.abort()
      await generating
    }
  }

  return {
    model,
    capabilities: { complete: isChat, embed: !isChat, tokenHook: 'pre-commit' },
    estimate: () => 0,
    get threads() {
      return loaded?.threads ?? 0
    },
    async load() {
      loaded ??= await loadModel(options)
    },
    async unload() {
      const { llama } = loaded ?? {}
      loaded = undefined
      await llama?.dispose()
    },
    complete,
    async embed(texts, signal) {
      const leave = await queue.enter(signal)
      return await embedAll(loaded?.embedding, settings, texts, { signal, onProgress })
        .catch(rethrow)
        .finally(leave)
    },
    prove: (signal) => proveProgress(queue, progress, () => makeToken(need(loaded)), signal).catch(rethrow),
  }
}

function computationOf(loaded: Loaded | undefined, { settings, guard }: LlamaOptions): Computation {
  const { threads = 0, build } = loaded ?? {}
  return { ...NO_COMPUTATION, ...build, threads, contextTokens: settings.contextTokens, policy: guard.hash }
}

/** The least that a model can do. What it was is forgotten before anybody is answered. */
async function makeToken({ sequence, embedding }: Loaded): Promise<void> {
  if (embedding) await embedding.getEmbeddingFor('.')
  if (!sequence) return
  await sequence.clearHistory()
  const { bos, eos } = sequence.model.tokens
  const first = bos ?? eos
  for await (const _ of sequence.evaluate(first === null ? sequence.model.tokenize('.') : [first])) break
}

function notLoaded({ id }: ModelSettings): RunaError {
  return new RunaError('MODEL_FAILED', `'${id}' is not loaded for this.`)
}

async function loadModel({ settings, checksWeights = false, threadsPath }: LlamaOptions): Promise<Loaded> {
  const { path, gpu, contextTokens, purpose } = settings
  const most = threadsMax(settings.threads)
  try {
    const llama = await openLlama(gpu, most)
    const loading = { modelPath: path, checkTensors: checksWeights }
    const build = await describeBuild(llama)
    const model = await llama.loadModel(gpu === 'off' ? { ...loading, gpuLayers: 0 } : loading)
    const contextSize = contextTokens
    if (purpose === 'embedding') {
      // Texts are short, so that a second thread mostly waits for the first.
      const threads = 1
      const embedding = await model.createEmbeddingContext({ contextSize, threads })
      return { llama, threads, build, embedding, wrapper: undefined, sequence: undefined }
    }
    const choose = () => chooseThreads(most, (count) => measureThreads(model, count))
    const measured = { digest: settings.digest, build: build.build, most }
    const isKept = threadsPath !== undefined && most > 1
    const threads = isKept ? await keepThreads(threadsPath, measured, choose) : await choose()
    const context = await model.createContext({ contextSize, batchSize: BATCH_TOKENS, threads })
    return {
      llama,
      threads,
      build,
      sequence: context.getSequence(),
      wrapper: wrapperOf(model),
      embedding: undefined,
    }
  } catch (cause) {
    if (cause instanceof RunaError) throw cause
    throw new RunaError('MODEL_FAILED', `${path} could not be loaded: ${(cause as Error).message}`, { cause })
  }
}

async function openLlama(gpu: ModelSettings['gpu'], maxThreads: number): Promise<Llama> {
  try {
    return await getLlama({
      gpu: gpu === 'off' ? false : gpu,
      // Nothing is ever fetched or compiled here: docs/guides/gpu.md tells how to add other binaries.
      build: 'never',
      skipDownload: true,
      progressLogs: false,
      logLevel: LlamaLogLevel.error,
      maxThreads,
    })
  } catch (cause) {
    if (!(cause instanceof NoBinaryFoundError)) throw cause
    const where = gpu === 'off' ? `${process.arch} processors` : `gpu: ${gpu}`
    const what = `The engine has no binary that works here for ${where}. docs/guides/gpu.md tells how to add one.`
    throw new RunaError('MODEL_FAILED', what, { cause })
  }
}

function wrapperOf(model: LlamaModel): ChatWrapper | undefined {
  return model.fileInfo.metadata.tokenizer?.chat_template ? resolveChatWrapper(model) : undefined
}

async function embedAll(
  embedding: LlamaEmbeddingContext | undefined,
  settings: ModelSettings,
  texts: readonly string[],
  { signal, onProgress }: { readonly signal: AbortSignal; readonly onProgress: () => void },
): Promise<Embedded> {
  if (!embedding) throw notLoaded(settings)
  const lengths = texts.map((text) => embedding.calculateInputLength(text))
  const longest = Math.max(...lengths)
  if (longest >= settings.contextTokens) {
    const numbers = `A text has ${longest} tokens, and '${settings.id}' reads ${settings.contextTokens - 1} at once.`
    throw new RunaError('CONTEXT_FULL', numbers)
  }
  const vectors: number[][] = []
  for (const text of texts) {
    if (signal.aborted) throw new RunaError('CANCELLED', undefined, { cause: signal.reason })
    vectors.push(normalize([...(await embedding.getEmbeddingFor(text)).vector]))
    onProgress()
  }
  const tokens = lengths.reduce((sum, length) => sum + length, 0)
  return { model: settings.id, vectors, tokens }
}

function rethrow(error: unknown): never {
  throw explain(error)
}

function explain(error: unknown): unknown {
  if (error instanceof RunaError) return error
  return new RunaError('MODEL_FAILED', 'The engine failed while it was answering.', { cause: error })
}
