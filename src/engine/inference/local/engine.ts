import {
  type Client,
  type CompletionItem,
  type CompletionRequest,
  type Model,
  type modelContract,
  RunaError,
} from '#protocol'
import type { Engine } from '../engine.ts'
import { bufferBytesOf, estimateMemory } from '../gguf/describe.ts'
import { wholeSampling } from '../llama/sampling.ts'
import type { StoredModel } from '../models/registry.ts'
import type { Admission, Loaded } from './admission.ts'
import { createModelProcess, type ModelProcess, type Supervisor } from './process.ts'
import { type ModelSettings, modelServiceName } from './settings.ts'

export interface LocalOptions {
  readonly stored: StoredModel
  readonly contextTokensMax: number
  readonly threads: number
  readonly gpu: ModelSettings['gpu']
  readonly idleMs: number
  readonly supervisor: Supervisor
  readonly admission: Admission
  readonly client: (service: string) => Client<typeof modelContract>
  /** Called when `state` has changed. */
  readonly changed: () => void
}

/** With less context, a model cannot answer from documents. */
export const CONTEXT_TOKENS_MIN = 512

/** A model in a process of its own. */
export interface LocalModel extends Engine, Loaded {
  readonly stored: StoredModel
  readonly state: Model['state']
  readonly reason: string
  /** That it was given the last time, which may be less than it was made for. */
  readonly contextTokens: number | undefined
  adopt(contextTokens: number | undefined): void
}

export function createLocalModel(options: LocalOptions): LocalModel {
  const { stored } = options
  const settings = settingsOf(options)
  const memoryBytes = estimateMemory(stored, settings.contextTokens)
  const memoryBytesMin = estimateMemory(stored, settings.memory?.contextTokensMin ?? settings.contextTokens)
  const process = createModelProcess({ ...options, settings, memoryBytes, memoryBytesMin })
  const client = options.client(modelServiceName(stored.id))
  const isChat = stored.purpose === 'chat'
  return {
    stored,
    id: stored.id,
    model: { id: stored.id, engine: 'llama', digest: stored.digest },
    capabilities: { complete: isChat, embed: !isChat, tokenHook: 'pre-commit' },
    get state() {
      return process.state
    },
    get reason() {
      return process.reason
    },
    get contextTokens() {
      return process.contextTokens
    },
    get isIdle() {
      return process.isIdle
    },
    get mappedBytes() {
      return process.state === 'ready' ? stored.sizeBytes : 0
    },
    get usedAtMs() {
      return process.usedAtMs
    },
    estimate: () => memoryBytes,
    load: process.load,
    unload: process.unload,
    adopt: process.adopt,
    complete: (request, signal) => relay(process, client, request, signal),
    async embed(texts, signal) {
      const leave = process.use()
      try {
        await untilAborted(process.load(), signal)
        const embedded = await client.embed({ texts: [...texts] }, { signal })
        return { model: `${stored.id}:${stored.digest.slice(0, 16)}`, ...embedded }
      } catch (error) {
        throw process.explain(error)
      } finally {
        leave()
      }
    },
  }
}

/** While nobody has heard a word, a process that died is replaced without anybody noticing, once. */
async function* relay(
  process: ModelProcess,
  client: Client<typeof modelContract>,
  request: CompletionRequest,
  signal: AbortSignal,
): AsyncGenerator<CompletionItem> {
  const leave = process.use()
  // Drawn before the first attempt: the second has to keep what was said at the start of the first.
  const seeded = { ...request, sampling: wholeSampling(request.sampling) }
  let hasStarted = false
  let hasSpoken = false
  try {
    for (let isRetry = false; ; isRetry = true) {
      await untilAborted(process.load(), signal)
      try {
        for await (const item of client.complete(seeded, { signal })) {
          if (item.kind === 'start' && hasStarted) continue
          hasStarted = true
          hasSpoken ||= item.kind !== 'start'
          yield item
        }
        return
      } catch (error) {
        const failure = process.explain(error)
        const isLost = error instanceof RunaError && error.code === 'SERVICE_LOST'
        if (hasSpoken || isRetry || !isLost) throw failure
      }
    }
  } finally {
    leave()
  }
}

function settingsOf({ stored, contextTokensMax, threads, gpu }: LocalOptions): ModelSettings {
  const { id, path, digest, purpose } = stored
  // Beyond what it was trained for, a model babbles, or has no place for the token at all.
  const contextTokens = Math.min(contextTokensMax, stored.contextTokens || contextTokensMax)
  const memory = {
    weightsBytes: stored.sizeBytes,
    cacheBytesPerToken: stored.cacheBytesPerToken,
    bufferBytes: bufferBytesOf(stored),
    contextTokensMin: Math.min(contextTokens, CONTEXT_TOKENS_MIN),
  }
  return { id, path, digest, purpose, contextTokens, threads, gpu, memory }
}

/** Loading goes on for others when one of those who wait for it gives up. */
function untilAborted(work: Promise<void>, signal: AbortSignal): Promise<void> {
  return new Promise((resolve, reject) => {
    const abandon = () => reject(new RunaError('CANCELLED', undefined, { cause: signal.reason }))
    if (signal.aborted) abandon()
    signal.addEventListener('abort', abandon, { once: true })
    work.then(resolve, reject).finally(() => signal.removeEventListener('abort', abandon))
  })
}
