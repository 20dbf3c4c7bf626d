import assert from 'node:assert/strict'
import { mkdtemp, rm, utimes, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, beforeEach, test } from 'node:test'
import {
  type Client,
  type CompletionItem,
  type CompletionRequest,
  type modelContract,
  RunaError,
} from '#protocol'
import { fileState } from '../models/file.ts'
import type { StoredModel } from '../models/registry.ts'
import { createAdmission } from './admission.ts'
import { createLocalModel, type LocalModel } from './engine.ts'

const MEBIBYTE = 2 ** 20
const START: CompletionItem = { kind: 'start', model: { id: 'm', engine: 'llama', digest: '' } }
const TEXT: CompletionItem = { kind: 'text', text: 'hi', tokens: 1 }
const REQUEST = { messages: [{ role: 'user' as const, content: 'hello' }], passages: [], sampling: {} }

let folder: string
/** What gilgul was asked for, in order. */
let asked: string[]
/** What gilgul is just stopping, and so cannot start. */
const ending = new Set<string>()
/** How each completion of the model's process goes, in order. */
let completions: ((request: CompletionRequest) => AsyncGenerator<CompletionItem, void>)[]
let freeBytes: number
let locals: LocalModel[]

before(async () => {
  folder = await mkdtemp(join(tmpdir(), 'runa-local-'))
})
beforeEach(() => {
  asked = []
  completions = []
  freeBytes = 4_096 * MEBIBYTE
  locals = []
})
after(() => rm(folder, { recursive: true }))

async function createLocal(id: string, { idleMs = 60_000 } = {}): Promise<LocalModel> {
  const path = join(folder, `${id}.gguf`)
  await writeFile(path, 'model')
  const state = await fileState(path)
  assert.ok(state)
  const facts = {
    contextTokens: 512,
    vocabularyTokens: 0,
    cacheBytesPerToken: 0,
    hasChatTemplate: false,
    parameters: 1,
  }
  const names = {
    id,
    name: id,
    architecture: 'llama',
    licence: '',
    digest: 'd',
    path,
    purpose: 'chat' as const,
  }
  const stored: StoredModel = { ...facts, ...names, ...state, isCopy: false }
  const local = createLocalModel({
    stored,
    contextTokensMax: 256,
    threads: 1,
    gpu: 'off',
    idleMs,
    changed: () => {},
    admission,
    supervisor: {
      async startModel(name) {
        asked.push(`start ${name}`)
        if (ending.has(name)) throw new RunaError('SERVICE_FAILED', 'It was stopped.')
      },
      stopModel: async (name) => {
        asked.push(`stop ${name}`)
        freeBytes += 512 * MEBIBYTE
        ending.add(name)
        // Longer than whoever does not wait for it needs to ask for a start.
        for (let look = 0; look < 20; look += 1) await fileState(path)
        ending.delete(name)
      },
    },
    client: () =>
      ({
        complete: (request: CompletionRequest) => completions.shift()?.(request) ?? speak(),
      }) as unknown as Client<typeof modelContract>,
  })
  locals.push(local)
  return local
}

const admission = createAdmission(
  async () => ({ totalBytes: 1_024 * MEBIBYTE, freeBytes }),
  () => locals,
)

async function* speak(): AsyncGenerator<CompletionItem, void> {
  yield START
  yield TEXT
}
async function* die(): AsyncGenerator<CompletionItem, void> {
  yield START
  throw new RunaError('SERVICE_LOST')
}
async function* dieLate(): AsyncGenerator<CompletionItem, void> {
  yield* speak()
  throw new RunaError('SERVICE_LOST')
}

async function complete(local: LocalModel): Promise<string[]> {
  const kinds: string[] = []
  for await (const { kind } of local.complete(REQUEST, new AbortController().signal)) kinds.push(kind)
  return kinds
}

test('a model is started at its first use, once, and stays', async () => {
  const local = await createLocal('a')
  assert.equal(local.state, 'stopped')
  await Promise.all([complete(local), complete(local)])
  await complete(local)
  assert.deepEqual(asked, ['start model-a'])
  assert.equal(local.state, 'ready')
})

test('a process that dies before it has said a word is replaced without anybody noticing', async () => {
  const local = await createLocal('b')
  completions = [die, speak]
  assert.deepEqual(await complete(local), ['start', 'text'])
  assert.deepEqual(asked, ['start model-b', 'start model-b'])
})

test('the second attempt draws no other seed, since the first has named it already', async () => {
  const local = await createLocal('seeded')
  const seeds: unknown[] = []
  const noting = (say: () => AsyncGenerator<CompletionItem, void>) => (request: CompletionRequest) => {
    seeds.push(request.sampling.seed)
    return say()
  }
  completions = [noting(die), noting(speak)]
  await complete(local)
  assert.equal(typeof seeds[0], 'number')
  assert.equal(seeds[1], seeds[0])
})

test('a process that dies in the middle of an answer is an error with a code, and the next request works', async () => {
  const local = await createLocal('c')
  completions = [dieLate]
  await assert.rejects(complete(local), { code: 'MODEL_FAILED', message: /ended before/ })
  assert.equal(local.state, 'stopped')
  assert.deepEqual(await complete(local), ['start', 'text'])
})

test('one that dies again and again does not start for ever', async () => {
  const local = await createLocal('d')
  completions = [die, die]
  await assert.rejects(complete(local), { code: 'MODEL_FAILED' })
  assert.equal(asked.length, 2)
})

test('a model that nobody uses is stopped', async () => {
  const local = await createLocal('e', { idleMs: 5 })
  await complete(local)
  while (asked.length < 2) await new Promise((resolve) => setTimeout(resolve, 1))
  assert.deepEqual(asked, ['start model-e', 'stop model-e'])
  assert.equal(local.state, 'stopped')
})

test('one that died is not left to gilgul for good, which has started it again', async () => {
  const local = await createLocal('m')
  completions = [dieLate]
  await assert.rejects(complete(local), { code: 'MODEL_FAILED' })
  await local.unload()
  assert.deepEqual(asked, ['start model-m', 'stop model-m'])
  await local.unload()
  assert.equal(asked.length, 2)
})

test('a model that is wanted again while it stops is started once it has', async () => {
  const local = await createLocal('l')
  await complete(local)
  const unloaded = local.unload()
  while (local.state === 'ready') await Promise.resolve()
  assert.deepEqual(await complete(local), ['start', 'text'])
  await unloaded
  assert.deepEqual(asked, ['start model-l', 'stop model-l', 'start model-l'])
  assert.equal(local.state, 'ready')
})

test('idle models make room for another, the longest idle first', async () => {
  const [first, second, third] = [await createLocal('f'), await createLocal('g'), await createLocal('h')]
  await complete(first)
  await complete(second)
  freeBytes = 300 * MEBIBYTE
  await complete(third)
  assert.deepEqual(asked.slice(2), ['stop model-f', 'start model-h'])
})

test('a model that does not fit is refused with the numbers, before anything is started', async () => {
  const local = await createLocal('i')
  freeBytes = 300 * MEBIBYTE
  await assert.rejects(complete(local), {
    code: 'MODEL_TOO_LARGE',
    message: /149 MB; 315 MB is free, of which 268 MB/,
  })
  assert.deepEqual([asked, local.state], [[], 'stopped'])
})

test('the weights of loaded models do not count as free, though the system says so', async () => {
  const mapped = {
    id: 'large',
    isIdle: false,
    usedAtMs: 0,
    mappedBytes: 3_900 * MEBIBYTE,
    unload: async () => {},
  }
  const crowded = createAdmission(
    async () => ({ totalBytes: 1_024 * MEBIBYTE, freeBytes }),
    () => [mapped],
  )
  await assert.rejects(
    crowded.admit('another', 142 * MEBIBYTE, async () => {}),
    { code: 'MODEL_TOO_LARGE' },
  )
})

test('a file that changed or went since it was added is not loaded', async () => {
  const local = await createLocal('j')
  await utimes(local.stored.path, 1, 1)
  await assert.rejects(complete(local), { code: 'MODEL_GONE', message: /has changed since/ })
  await rm(local.stored.path)
  await assert.rejects(complete(local), { code: 'MODEL_GONE', message: /has gone/ })
  assert.deepEqual([asked, local.state], [[], 'failed'])
})

test('who gives up does not wait for the loading', async () => {
  const local = await createLocal('k')
  const items = local.complete(REQUEST, AbortSignal.abort())
  await assert.rejects(items[Symbol.asyncIterator]().next(), { code: 'CANCELLED' })
})
