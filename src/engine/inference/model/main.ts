import { join } from 'node:path'
import { loadConfig } from '#kernel/config'
import { assetsFolder, homePaths } from '#kernel/home'
import { runService } from '#kernel/service'
import { modelContract } from '#protocol'
import { createLlamaEngine } from '../llama/engine.ts'
import { keptThreadsName } from '../llama/kept-threads.ts'
import { readSettings } from '../local/settings.ts'
import { loadGuard } from '../policy-guard.ts'

await runService(modelContract, async ({ log }) => {
  const paths = homePaths()
  const config = await loadConfig(paths.config)
  const guard = await loadGuard(config.policy.enabled, [assetsFolder('policies'), paths.policies])
  const settings = readSettings()
  const threadsPath = join(paths.models, keptThreadsName(settings.id))
  const engine = createLlamaEngine({ settings, guard, threadsPath })
  await engine.load()
  log('loaded', { model: engine.model.id, threads: engine.threads })
  return {
    handlers: {
      complete: (request, { signal }) => engine.complete(request, signal),
      embed: ({ texts }, { signal }) => engine.embed(texts, signal),
      async prove(_, { signal }) {
        await engine.prove(signal)
        return {}
      },
    },
    close: engine.unload,
  }
})
