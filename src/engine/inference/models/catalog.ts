import { rm } from 'node:fs/promises'
import { join } from 'node:path'
import { type Model, RunaError } from '#protocol'
import type { Engine } from '../engine.ts'
import { EXTRACTIVE_ID } from '../extractive/engine.ts'
import { estimateMemory } from '../gguf/describe.ts'
import { keptThreadsName } from '../llama/kept-threads.ts'
import type { Admission } from '../local/admission.ts'
import { CONTEXT_TOKENS_MIN, type LocalModel } from '../local/engine.ts'
import { type AddOptions, addModel } from './add.ts'
import { idFromPath } from './file.ts'
import { modelExists, modelUnknown, type Registry, type StoredModel } from './registry.ts'

export interface ServerModel {
  readonly engine: Engine
  readonly name: string
  readonly address: string
  readonly contextTokens: number
}

export interface CatalogOptions {
  readonly registry: Registry
  readonly admission: Admission
  readonly extractive: Engine
  /** By id: those of runa.yaml. */
  readonly servers: ReadonlyMap<string, ServerModel>
  /** By id: those of the registry. The catalog adds and removes. */
  readonly locals: Map<string, LocalModel>
  readonly createLocal: (stored: StoredModel) => LocalModel
  readonly tryOut: AddOptions['tryOut']
  readonly contextTokensMax: number
  /** Where copies of models lie. */
  readonly folder: string
  readonly announce: () => void
}

/** Every model that may be named, and the engine behind each. */
export interface Catalog {
  list(): Model[]
  /** Throws MODEL_UNKNOWN. */
  find(id: string): Model
  /** Throws MODEL_UNKNOWN, or BAD_INPUT where the model is for something else. */
  engineFor(id: string, can: 'complete' | 'embed'): Engine
  /** What answers where no model is named. */
  defaultEngine(): Engine
  add(request: AddRequest, signal: AbortSignal): Promise<Model>
  remove(id: string): Promise<void>
  setDefault(id: string): Promise<Model>
}

interface AddRequest {
  readonly path: string
  readonly id?: string | undefined
  readonly copy: boolean
}

/** Names that other parts use for something else. */
const RESERVED_IDS = [EXTRACTIVE_ID, 'runa']

export function createCatalog(options: CatalogOptions): Catalog {
  const { registry, extractive, servers, locals, announce } = options
  const add = createAdding(options, (id) => engineOf(id) !== undefined)

  const engineOf = (id: string): Engine | undefined =>
    id === EXTRACTIVE_ID ? extractive : (locals.get(id) ?? servers.get(id)?.engine)

  function find(id: string): Model {
    const isDefault = registry.defaultId === id
    const local = locals.get(id)
    if (local) return localToModel(local, isDefault)
    const server = servers.get(id)
    if (server) return serverToModel(id, server, isDefault)
    throw modelUnknown(id)
  }

  return {
    list: () => [...locals.keys(), ...servers.keys()].map(find),
    find,
    engineFor(id, can) {
      const engine = engineOf(id)
      if (!engine) throw modelUnknown(id)
      if (engine.capabilities[can]) return engine
      const fault =
        can === 'embed' ? 'chats; it makes no embeddings' : 'only makes embeddings; it cannot chat'
      throw new RunaError('BAD_INPUT', `model: '${id}' ${fault}`)
    },
    // A default that was taken out of runa.yaml must not end every conversation.
    defaultEngine: () => engineOf(registry.defaultId ?? EXTRACTIVE_ID) ?? extractive,
    async add(request, signal) {
      const stored = await add(request, signal)
      locals.set(stored.id, options.createLocal(stored))
      announce()
      return find(stored.id)
    },
    async remove(id) {
      if (servers.has(id))
        throw new RunaError('BAD_INPUT', `id: '${id}' stands in runa.yaml; take it out there`)
      const stored = registry.find(id)
      await registry.remove(id)
      const local = locals.get(id)
      locals.delete(id)
      await local?.unload()
      if (stored?.isCopy) await rm(stored.path, { force: true })
      await rm(join(options.folder, keptThreadsName(id)), { force: true })
      announce()
    },
    async setDefault(id) {
      if (find(id).purpose !== 'chat') {
        throw new RunaError('BAD_INPUT', `id: '${id}' only makes embeddings; it cannot chat`)
      }
      await registry.setDefault(id)
      announce()
      return find(id)
    },
  }
}

/** An id is taken from the moment at which somebody begins to add a model under it. */
function createAdding(
  { admission, contextTokensMax, ...options }: CatalogOptions,
  isTaken: (id: string) => boolean,
) {
  const beingAdded = new Set<string>()

  /** Loading it once takes memory as using it does, with as little context as it may be used with. */
  const tryOut: AddOptions['tryOut'] = (path, facts, signal) => {
    const contextTokens = Math.min(contextTokensMax, facts.contextTokens || contextTokensMax)
    const leastBytes = estimateMemory(facts, Math.min(contextTokens, CONTEXT_TOKENS_MIN))
    const load = () => options.tryOut(path, facts, signal)
    return admission.admit(`'${facts.name}'`, estimateMemory(facts, contextTokens), load, leastBytes)
  }

  return async (
    { path, id = idFromPath(path), copy }: AddRequest,
    signal: AbortSignal,
  ): Promise<StoredModel> => {
    if (RESERVED_IDS.includes(id) || isTaken(id) || beingAdded.has(id)) throw modelExists(id)
    beingAdded.add(id)
    try {
      return await addModel({ path, id, copy }, { ...options, tryOut, signal })
    } finally {
      beingAdded.delete(id)
    }
  }
}

function localToModel(local: LocalModel, isDefault: boolean): Model {
  const { id, purpose, name, architecture, path, sizeBytes, parameters, contextTokens, licence, digest } =
    local.stored
  return {
    ...{ id, purpose, name, architecture, path, sizeBytes, parameters, contextTokens, licence, digest },
    engine: 'llama',
    // So that nobody gives it more to read than it has room for.
    contextTokens: local.contextTokens ?? contextTokens,
    memoryBytes: local.estimate(),
    isDefault,
    state: local.state,
    reason: local.reason,
  }
}

function serverToModel(
  id: string,
  { engine, name, address, contextTokens }: ServerModel,
  isDefault: boolean,
): Model {
  return {
    ...{
      id,
      engine: 'openai',
      purpose: engine.capabilities.complete ? 'chat' : 'embedding',
      name,
      contextTokens,
    },
    ...{
      architecture: '',
      path: address,
      sizeBytes: 0,
      parameters: 0,
      memoryBytes: 0,
      licence: '',
      digest: '',
    },
    ...{ isDefault, state: 'ready', reason: `Requests go to ${new URL(address).host}.` },
  }
}
