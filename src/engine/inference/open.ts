import { type Config, loadConfig } from '#kernel/config'
import { loadEmbedder } from '#kernel/embedding'
import { assetsFolder, homePaths } from '#kernel/home'
import { call, type HeldSecret, holdSecret, type OpenedService, type ServiceContext } from '#kernel/service'
import { gilgulContract, type inferenceContract, modelContract, type ServiceStatus } from '#protocol'
import { createBroker } from './broker.ts'
import { createExtractiveEngine } from './extractive/engine.ts'
import type { Guard } from './guard.ts'
import { type Ledger, openLedger } from './ledger.ts'
import { createAdmission } from './local/admission.ts'
import { createLocalModel, type LocalModel, type LocalOptions } from './local/engine.ts'
import { modelIdOf } from './local/settings.ts'
import { coreCount, formatBytes, loadKnownModels, readMemory, suggestModels } from './machine.ts'
import { createCatalog, type ServerModel } from './models/catalog.ts'
import { openRegistry } from './models/registry.ts'
import { tryOut } from './models/try-out.ts'
import { createOpenaiEngine } from './openai/engine.ts'
import { loadGuard } from './policy-guard.ts'

type Context = Pick<
  ServiceContext<typeof inferenceContract>,
  'transport' | 'emit' | 'log' | 'name' | 'secrets'
>

/** Opens everything that the broker stands on, in one RUNA_HOME. */
export async function openInference({
  transport,
  emit,
  log,
  name,
  secrets,
}: Context): Promise<OpenedService<typeof inferenceContract>> {
  const paths = homePaths()
  const config = await loadConfig(paths.config)
  const guard = await loadGuard(config.policy.enabled, [assetsFolder('policies'), paths.policies])
  const registry = await openRegistry(paths.models, (fault) => log('registry damaged', { fault }))
  const ledger = await openLedger(paths.ledger)
  const knownModels = await loadKnownModels(assetsFolder('models', 'suggestions.yaml'))
  const hold = (secret: string) => holdSecret(secrets, secret)
  const servers = openServers(config.engine, guard, ledger, hold)
  const locals = new Map<string, LocalModel>()
  const gilgul = call(gilgulContract, transport, { name })
  const announce = () => emit('modelsChanged', {})
  const admission = createAdmission(readMemory, () => [...locals.values()])

  const createLocal = (stored: LocalOptions['stored']) =>
    createLocalModel({
      ...localSettings(config.engine),
      stored,
      admission,
      changed: announce,
      client: (service) => call(modelContract, transport, { service, name }),
      supervisor: {
        startModel: async (service, settings) =>
          (
            await gilgul.startModel({
              name: service,
              settings: { ...settings, memory: settings.memory ?? null },
            })
          ).contextTokens,
        stopModel: async (service) => void (await gilgul.stopModel({ name: service })),
      },
    })
  for (const stored of registry.list()) locals.set(stored.id, createLocal(stored))
  const closing = new AbortController()
  void adoptRunning(locals, async () => (await gilgul.status({}, { signal: closing.signal })).services)

  const extractive = createExtractiveEngine({
    embedder: await loadEmbedder(),
    guard,
    hasModel: () => registry.list().some((model) => model.purpose === 'chat') || servers.size > 0,
    async suggestion() {
      const machine = { memory: await readMemory(), diskFree: Number.POSITIVE_INFINITY, cores: coreCount() }
      const suggested = suggestModels(knownModels, machine)
      const best = suggested.find(({ fits, purpose }) => fits === 'well' && purpose === 'chat')
      return best && `${best.name} (${formatBytes(best.sizeBytes)})`
    },
  })
  const { contextTokens, gpu } = config.engine
  const catalog = createCatalog({
    ...{ registry, admission, extractive, servers, locals, createLocal, announce },
    contextTokensMax: contextTokens,
    folder: paths.models,
    tryOut: (path, { purpose }, signal) =>
      tryOut({ id: 'trial', path, digest: '', purpose, contextTokens: 256, threads: 1, gpu }, signal),
  })
  return {
    handlers: createBroker({ catalog, ledger, modelsFolder: paths.models, knownModels, readMemory }),
    async close() {
      closing.abort()
      await ledger.close()
    },
  }
}

function localSettings({ contextTokens, threads, idleMinutes, gpu }: Config['engine']) {
  return { contextTokensMax: contextTokens, threads, gpu, idleMs: idleMinutes * 60_000 }
}

function openServers(
  engine: Config['engine'],
  guard: Guard,
  ledger: Ledger,
  hold: (secret: string) => HeldSecret,
): Map<string, ServerModel> {
  return new Map(
    engine.servers.map((server) => [
      server.id,
      {
        engine: createOpenaiEngine({
          ...{ server, guard, ledger },
          held: server.keySecret === undefined ? undefined : hold(server.keySecret),
        }),
        name: server.model,
        address: server.baseUrl,
        contextTokens: server.contextTokens,
      },
    ]),
  )
}

/** A broker that was started anew finds the models of the one before it still running. */
async function adoptRunning(
  locals: ReadonlyMap<string, LocalModel>,
  services: () => Promise<readonly Pick<ServiceStatus, 'name' | 'state' | 'contextTokens'>[]>,
): Promise<void> {
  // Without gilgul, as in tests of this part alone, nothing runs that could be taken over.
  for (const { name, state, contextTokens } of await services().catch(() => [])) {
    if (state === 'running') locals.get(modelIdOf(name) ?? '')?.adopt(contextTokens)
  }
}
