import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { loadConfig } from '#kernel/config'
import { assetsFolder, homePaths, packageFolder } from '#kernel/home'
import { runService } from '#kernel/service'
import { threadwellContract } from '#protocol'
import { connectServices, listenToServices } from './services.ts'
import { createPages } from './static.ts'
import { openThreadwell } from './threadwell.ts'

/** As long as a service that died may take to come back. */
const PATIENCE_MS = 5_000

await runService(threadwellContract, async ({ transportTo, secrets, metrics, log }) => {
  const paths = homePaths()
  const config = await loadConfig(paths.config)
  const { version } = JSON.parse(await readFile(join(packageFolder(), 'package.json'), 'utf8'))
  return await openThreadwell({
    paths,
    services: connectServices(transportTo, PATIENCE_MS),
    servicesNow: connectServices(transportTo, 0),
    hear: (hearers) => listenToServices(transportTo, hearers),
    secrets,
    metrics,
    pages: createPages(),
    handbookFolder: assetsFolder('handbook'),
    version,
    policyEnabled: config.policy.enabled,
    port: config.face.port,
    log,
  })
})
