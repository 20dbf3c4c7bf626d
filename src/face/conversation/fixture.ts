import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { call, createMemoryTransports, serve } from '#kernel/service'
import {
  alethiaContract,
  type CompletionItem,
  type CompletionRequest,
  conversationContract,
  type Handlers,
  inferenceContract,
  type Model,
  type Passage,
  snarfContract,
  type TurnItem,
  tietoContract,
} from '#protocol'
import type { Deadlines } from './deadlines.ts'
import { NO_MANNER } from './manner.ts'
import { openPersonas } from './personas.ts'
import { createStandInMemory, type StandInMemory } from './remembering/stand-in-memory.ts'
import { createConversation } from './service.ts'

/** What the tests of conversation stand on: an engine and documents that say what a test wants them to say. */
type Complete = Handlers<typeof inferenceContract>['complete']
type Snarf = Partial<Handlers<typeof snarfContract>>
type Search = Handlers<typeof tietoContract>['search']
type Read = Handlers<typeof tietoContract>['read']
export type OpenConversation = Awaited<ReturnType<typeof openConversation>>

export const WHALE: Passage = {
  ...{ topic: 'sea', document: 'whales.md', start: 7, end: 19, title: 'Whales', source: '/sea/whales.md' },
  ...{ headings: [], text: 'Whales dive.', metadata: {}, score: 1, bm25: 1, cosine: 1, distance: 0 },
  digest: 'aa',
}

export const MODEL = { id: 'small', engine: 'llama', digest: 'd' } as const
export const START: CompletionItem = { kind: 'start', model: MODEL }
export const END: CompletionItem & { kind: 'end' } = {
  ...{ kind: 'end', reason: 'stop', usage: { promptTokens: 5, completionTokens: 2 }, quotes: [] },
  ...{ firstTokenMs: 1, totalMs: 2 },
}

export const text = (words: string): CompletionItem => ({ kind: 'text', text: words, tokens: 1 })

export async function* say(...items: CompletionItem[]): AsyncGenerator<CompletionItem> {
  yield* items
}

export async function* sayAndFail(error: Error, ...items: CompletionItem[]): AsyncGenerator<CompletionItem> {
  yield* items
  throw error
}

/** Says its words, then waits until it is cancelled. */
export async function* sayAndHang(signal: AbortSignal, ...items: CompletionItem[]) {
  yield* items
  await new Promise((_, reject) => signal.addEventListener('abort', () => reject(signal.reason)))
}

export interface Behaviour {
  readonly complete?: Complete
  readonly search?: Search
  readonly read?: Read
  readonly snarf?: Snarf
  readonly alethia?: Partial<Handlers<typeof alethiaContract>>
  readonly deadlines?: Partial<Deadlines>
  readonly models?: readonly Model[]
  /** Those that exist. */
  readonly topics?: readonly string[]
}

/** Of each home, so that it is there when a conversation is opened again. */
const memories = new Map<string, StandInMemory>()

const NOTHING_HEARD = { changed: [], counted: false }

const EMPTY_TOPIC = { documents: 0, chunks: 0, sizeBytes: 0, damaged: [] }

/** The document as it was when it was searched. */
const readWhale: Read = async () => ({ ...WHALE, before: '', after: '', sizeBytes: 19, digest: 'aa' })

/** A folder with two personas, and how to remove it. */
export async function createHome() {
  const home = await mkdtemp(join(tmpdir(), 'runa-conversation-'))
  await writeFile(join(home, 'default.md'), '---\nname: Test\nsampling: { temperature: 0 }\n---\nBe kind.')
  await writeFile(join(home, 'reader.md'), '---\nname: Reader\ntopics: [gone, sea]\n---\nRead closely.')
  return { home, remove: () => rm(home, { recursive: true }) }
}

/** A conversation over `home`, which may have been used before. */
export async function openConversation(home: string, behaviour: Behaviour = {}) {
  const { complete = () => say(START, text('So.'), END), models = [], topics = [] } = behaviour
  const { search = async () => ({ passages: [WHALE], match: true }) } = behaviour
  const { snarf = {}, alethia = {}, deadlines, read = readWhale } = behaviour
  const memory = memories.get(home) ?? createStandInMemory()
  memories.set(home, memory)
  const requests: CompletionRequest[] = []
  const searches: string[][] = []
  const engine: Partial<Handlers<typeof inferenceContract>> = {
    models: async () => ({ models: [...models] }),
    complete(request, context) {
      requests.push(request)
      return complete(request, context)
    },
  }
  const documents: Partial<Handlers<typeof tietoContract>> = {
    topics: async () => ({ topics: topics.map((name) => ({ ...EMPTY_TOPIC, name })) }),
    search(input, context) {
      searches.push(input.topics)
      return search(input, context)
    },
    read,
  }
  const [engineSide, toEngine] = createMemoryTransports()
  const [documentsSide, toDocuments] = createMemoryTransports()
  const [memorySide, toMemory] = createMemoryTransports()
  const [mannerSide, toManner] = createMemoryTransports()
  const [serverSide, callerSide] = createMemoryTransports()
  serve(inferenceContract, engine as Handlers<typeof inferenceContract>, engineSide)
  serve(tietoContract, documents as Handlers<typeof tietoContract>, documentsSide)
  const manners: Snarf = {
    plan: async () => ({ ...NO_MANNER, settings: [] }),
    observe: async () => NOTHING_HEARD,
    ...snarf,
  }
  const remembers = { ...memory.handlers, ...alethia }
  serve(alethiaContract, remembers as Handlers<typeof alethiaContract>, memorySide)
  serve(snarfContract, manners as Handlers<typeof snarfContract>, mannerSide)
  const { handlers, settled } = createConversation({
    personas: openPersonas([home]),
    alethia: call(alethiaContract, toMemory),
    embedder: async () => ({ model: 'test', embed: () => Float32Array.of(1) }),
    ...(deadlines && { deadlines }),
    tieto: call(tietoContract, toDocuments),
    snarf: call(snarfContract, toManner),
    inference: call(inferenceContract, toEngine),
    contextTokens: 4_096,
    announce: (thread) => service.emit('threadChanged', thread),
  })
  const service = serve(conversationContract, handlers, serverSide, { stopMs: 0 })
  return {
    client: call(conversationContract, callerSide),
    callerSide,
    requests,
    searches,
    memory,
    service,
    settled,
  }
}

export async function all(items: AsyncIterable<TurnItem>): Promise<TurnItem[]> {
  const list: TurnItem[] = []
  for await (const item of items) list.push(item)
  return list
}
