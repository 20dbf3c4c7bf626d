import { dirname, resolve } from 'node:path'
import { loadConfig } from '#kernel/config'
import { homePaths } from '#kernel/home'
import { runService } from '#kernel/service'
import { attachBus } from '#kernel/splinter'
import { natsContract, RunaError } from '#protocol'
import { createNatsService } from './service.ts'

// Wiring only: the topics that runa.yaml names, on the bus of all, and the server that it names.
await runService(natsContract, async ({ log }) => {
  const paths = homePaths()
  const { nats } = await loadConfig(paths.config)
  if (!nats)
    throw new RunaError('CONFIG_INVALID', 'runa.yaml has no section `nats`: there is nothing to carry.')
  const { credentialsFile } = nats
  const bus = attachBus(process.env['RUNA_BUS'] ?? '', { name: 'nats-topics' })
  return createNatsService({
    ...nats,
    bus,
    credentialsFile: credentialsFile && resolve(dirname(paths.config), credentialsFile),
    note: (topic, fault) => log('link', { topic, fault: fault ?? 'mended' }),
  })
})
