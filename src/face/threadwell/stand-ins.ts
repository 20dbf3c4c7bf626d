import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { call, createMemoryTransports, type Secrets, serve, type Transport } from '#kernel/service'
import {
  alethiaContract,
  type Client,
  type Contract,
  conversationContract,
  createUuidV7,
  gilgulContract,
  type Handlers,
  inferenceContract,
  type Model,
  natsContract,
  RunaError,
  snarfContract,
  type Turn,
  type TurnItem,
  tietoContract,
  turnSchema,
} from '#protocol'
import type { Services } from './services.ts'

// What tests put in place of the other services, and of a person's home.

type ConversationHandlers = Handlers<typeof conversationContract>
type TietoHandlers = Handlers<typeof tietoContract>
type InferenceHandlers = Handlers<typeof inferenceContract>
type AlethiaHandlers = Handlers<typeof alethiaContract>
type SnarfHandlers = Handlers<typeof snarfContract>

export interface StandIns {
  readonly conversation?: Partial<ConversationHandlers>
  readonly tieto?: Partial<TietoHandlers>
  readonly inference?: Partial<InferenceHandlers>
  readonly alethia?: Partial<AlethiaHandlers>
  readonly snarf?: Partial<SnarfHandlers>
}

const smallModel: Model = {
  ...{
    id: 'small',
    engine: 'llama',
    purpose: 'chat',
    name: 'Small',
    architecture: 'llama',
    path: '/small.gguf',
  },
  ...{ sizeBytes: 1, parameters: 1, contextTokens: 128, memoryBytes: 1, licence: '', digest: '' },
  ...{ isDefault: true, state: 'ready', reason: '' },
}

const missing = () => {
  throw new RunaError('SERVICE_LOST', 'No stand-in for that.')
}

/** Services that answer over memory, as they would over the bus. What is not given says something simple. */
export function standInServices(standIns: StandIns = {}): Services {
  const { conversation = {}, tieto = {}, inference = {}, alethia = {}, snarf = {} } = standIns
  return {
    conversation: served(conversationContract, remembering({ ...simpleConversation(), ...conversation })),
    tieto: served(tietoContract, { ...simpleTieto(), ...tieto }),
    inference: served(inferenceContract, { ...simpleInference(), ...inference }),
    gilgul: served(gilgulContract, {
      status: async () => ({ services: [], startedAt: 1 }),
      startModel: missing,
      stopModel: missing,
      restart: missing,
      reveal: missing,
      keep: missing,
      setSecret: missing,
      getSecret: missing,
      listSecrets: missing,
      listVersions: missing,
      listLeases: missing,
      endLease: missing,
      removeVersion: missing,
      grantSecret: missing,
      removeSecret: missing,
      auditSecrets: missing,
      shutdown: missing,
      apply: missing,
    }),
    alethia: served(alethiaContract, { ...missingMemory, ...alethia }),
    snarf: served(snarfContract, { ...missingManner, ...snarf }),
    nats: served(natsContract, { links: async () => ({ servers: [], connected: false, links: [] }) }),
  }
}

/** Tells what was answered, and what was said in a thread. */
export function remembering(handlers: ConversationHandlers): ConversationHandlers {
  const turns = new Map<string, Turn>()
  const threads = new Map<string, Turn[]>()
  return {
    ...handlers,
    async *turn(input, context) {
      for await (const item of handlers.turn(input, context)) {
        if (item.kind === 'end') {
          const turn = turnSchema.parse({ ...item.turn, question: input.question })
          turns.set(turn.id, turn)
          const thread = input.thread ?? turn.id
          threads.set(thread, [...(threads.get(thread) ?? []), turn])
        }
        yield item
      }
    },
    async thread({ id }, context) {
      const said = threads.get(id)
      if (!said) return handlers.thread({ id }, context)
      return { thread: { id, title: '', turns: said.length, updatedAt: 1 }, turns: said, omitted: 0 }
    },
    async answers({ ids }, context) {
      if (handlers.answers !== missing) return handlers.answers({ ids }, context)
      return {
        turns: ids.flatMap((id) => turns.get(id) ?? []),
        forgotten: [],
        unknown: ids.filter((id) => !turns.has(id)),
      }
    },
  }
}

/** A transport that nobody answers on, and that says so at once, as the bus does for a service that is down. */
export function deadServices(): Services {
  const dead: Transport = {
    send: missing,
    listen: () => () => {},
    closed: new AbortController().signal,
    close: () => {},
  }
  return {
    conversation: call(conversationContract, dead),
    tieto: call(tietoContract, dead),
    inference: call(inferenceContract, dead),
    gilgul: call(gilgulContract, dead),
    alethia: call(alethiaContract, dead),
    snarf: call(snarfContract, dead),
    nats: call(natsContract, dead),
  }
}

function served<C extends Contract>(contract: C, handlers: Handlers<C>): Client<C> {
  const [serverSide, callerSide] = createMemoryTransports()
  serve(contract, handlers, serverSide)
  return call(contract, callerSide)
}

/** What a conversation sends for one answer. */
export function* turnItems(answer: string, changes: Partial<Turn> = {}): Generator<TurnItem> {
  const turn: Turn = {
    id: createUuidV7(),
    at: 1,
    question: 'question',
    answer,
    reason: 'stop',
    citations: [],
    notices: [],
    model: { id: 'extractive', engine: 'extractive', digest: '' },
    verdicts: [],
    totalMs: 1,
    ...changes,
  }
  yield { kind: 'start', answer: turn.id, thread: null }
  yield { kind: 'passages', passages: [], match: true }
  for (const text of answer.match(/\S+\s*/g) ?? []) yield { kind: 'text', text }
  yield { kind: 'end', turn, usage: { promptTokens: 3, completionTokens: 2 } }
}

export function simpleConversation(): ConversationHandlers {
  return {
    async *turn({ question }) {
      yield* turnItems(`You asked: ${question}`)
    },
    async *complete({ messages }) {
      yield* turnItems(`You asked: ${messages.at(-1)?.content}`)
    },
    personas: async () => ({ personas: [], faults: [] }),
    threads: async () => ({ threads: [] }),
    thread: async () => {
      throw new RunaError('THREAD_UNKNOWN')
    },
    removeThread: async () => ({}),
    closeThread: async () => ({}),
    answer: async () => {
      throw new RunaError('ANSWER_UNKNOWN')
    },
    answers: missing,
    ...{ why: missing, replay: missing, feedback: missing },
  }
}

export function simpleTieto(): TietoHandlers {
  return {
    async *ingest({ paths }) {
      for (const path of paths) yield { kind: 'stored', document: path.split('/').at(-1) ?? '', chunks: 1 }
      yield { kind: 'end', stored: paths.length, unchanged: 0, skipped: 0, removed: 0, chunks: 1 }
    },
    search: async () => ({ passages: [], match: false }),
    read: missing,
    topics: async () => ({ topics: [] }),
    documents: async () => ({ documents: [], total: 0 }),
    remove: async () => ({ documents: 0, chunks: 0 }),
  }
}

export function simpleInference(): InferenceHandlers {
  return {
    async *complete({ model }) {
      if (model !== 'small') throw new RunaError('MODEL_UNKNOWN')
      yield { kind: 'start', model: { id: model, engine: 'llama', digest: '' } }
      for (const text of ['Once ', 'upon ', 'a time']) yield { kind: 'text', text, tokens: 1 }
      const usage = { promptTokens: 3, completionTokens: 3 }
      yield { kind: 'end', reason: 'length', usage, quotes: [], firstTokenMs: 1, totalMs: 2 }
    },
    embed: async ({ texts }) => ({
      model: 'embedded',
      vectors: texts.map((text) => [text.length, 0.5]),
      tokens: 7,
    }),
    models: async () => ({ models: [smallModel] }),
    addModel: missing,
    removeModel: missing,
    useModel: missing,
    machine: missing,
    ledger: async () => ({ total: 0, requests: [] }),
  }
}

const missingMemory: AlethiaHandlers = {
  ...{
    remember: missing,
    recall: missing,
    feedback: missing,
    forget: missing,
    forgottenAmong: async () => ({ turns: [] }),
    turn: missing,
  },
  ...{ answer: missing, timeline: missing, threads: missing, thread: missing, close: missing },
  ...{ verify: missing, snapshot: missing, turns: missing, records: missing, state: missing },
}

const missingManner: SnarfHandlers = {
  ...{
    agree: missing,
    forget: missing,
    turns: missing,
    observe: missing,
    profile: missing,
    explain: missing,
    set: missing,
  },
  ...{ lock: missing, pause: missing, reset: missing, export: missing, plan: missing },
}

/** A folder that is gone after `use`. */
export async function withFolder<Result>(use: (folder: string) => Promise<Result>): Promise<Result> {
  const folder = await mkdtemp(join(tmpdir(), 'runa-threadwell-'))
  try {
    return await use(folder)
  } finally {
    await rm(folder, { recursive: true, force: true })
  }
}

/** Waits on a condition, never for luck: the test's own time limit ends a wait in vain. */
export async function until(condition: () => boolean): Promise<void> {
  while (!condition()) await sleep(2)
}

/** A vault in the memory of the test, which may look into it. Every secret is there that was put in. */
export function standInSecrets(kept = new Map<string, Buffer>()): Secrets {
  return {
    available: true,
    async reveal(name) {
      const value = name === 'threadwell.seal' ? Buffer.alloc(32, 7) : kept.get(name)
      if (!value) throw new RunaError('SECRET_UNKNOWN')
      return Buffer.from(value)
    },
    async keep(name, value) {
      kept.set(name, Buffer.from(value))
    },
  }
}

/** As where Runa runs without coven. */
export const noSecrets: Secrets = {
  available: false,
  reveal: () => Promise.reject(new RunaError('SECRETS_MISSING')),
  keep: () => Promise.reject(new RunaError('SECRETS_MISSING')),
}
