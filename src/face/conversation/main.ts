import { loadConfig } from '#kernel/config'
import { assetsFolder, homePaths } from '#kernel/home'
import { call, runService } from '#kernel/service'
import { conversationContract, inferenceContract, snarfContract, tietoContract } from '#protocol'
import { openPersonas } from './personas.ts'
import { createConversation } from './service.ts'
import { openThreads } from './threads.ts'

await runService(conversationContract, async ({ name, transport, emit, log }) => {
  const paths = homePaths()
  const config = await loadConfig(paths.config)
  const threads = await openThreads(paths.threads)
  for (const { file, message } of threads.faults) log('thread fault', { file, message })
  const { handlers, settled } = createConversation({
    personas: openPersonas([paths.personas, assetsFolder('personas')]),
    threads,
    tieto: call(tietoContract, transport, { name }),
    snarf: call(snarfContract, transport, { name }),
    inference: call(inferenceContract, transport, { name }),
    contextTokens: config.engine.contextTokens,
    announce: (thread) => emit('threadChanged', thread),
  })
  return { handlers, close: settled }
})
