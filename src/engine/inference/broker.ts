import type { Handlers, inferenceContract } from '#protocol'
import { EXTRACTIVE_ID } from './extractive/engine.ts'
import type { Ledger } from './ledger.ts'
import { coreCount, diskFreeBytes, type KnownModel, type Memory, suggestModels } from './machine.ts'
import type { Catalog } from './models/catalog.ts'

export interface BrokerOptions {
  readonly catalog: Catalog
  readonly ledger: Ledger
  readonly modelsFolder: string
  readonly knownModels: readonly KnownModel[]
  readonly readMemory: () => Promise<Memory>
}

/** One door to every model: finds the engine for a request, and lets it answer. */
export function createBroker(options: BrokerOptions): Handlers<typeof inferenceContract> {
  const { catalog, ledger, modelsFolder, knownModels, readMemory } = options
  return {
    complete({ model, ...request }, { signal }) {
      const engine = model === undefined ? catalog.defaultEngine() : catalog.engineFor(model, 'complete')
      return engine.complete(request, signal)
    },
    // Documents and questions must meet in one space: without a name it is always the table that ships with Runa.
    embed: async ({ model = EXTRACTIVE_ID, texts }, { signal }) =>
      catalog.engineFor(model, 'embed').embed(texts, signal),
    models: async () => ({ models: catalog.list() }),
    addModel: (request, { signal }) => catalog.add(request, signal),
    async removeModel({ id }) {
      await catalog.remove(id)
      return {}
    },
    useModel: ({ id }) => catalog.setDefault(id),
    async machine() {
      const [memory, diskFree] = await Promise.all([readMemory(), diskFreeBytes(modelsFolder)])
      const cores = coreCount()
      return {
        memoryTotalBytes: memory.totalBytes,
        memoryFreeBytes: memory.freeBytes,
        diskFreeBytes: diskFree,
        cores,
        suggestions: suggestModels(knownModels, { memory, diskFree, cores }),
      }
    },
    async ledger({ limit }) {
      const { total, requests } = ledger.list(limit)
      return { total, requests: [...requests] }
    },
  }
}
