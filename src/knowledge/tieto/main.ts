import { homePaths } from '#kernel/home'
import { runService } from '#kernel/service'
import { tietoContract } from '#protocol'
import { createTietoHandlers } from './service.ts'
import { Tieto } from './tieto.ts'

// Wiring only: the topics lie in RUNA_HOME, and whoever shows them is told when one has changed.
await runService(tietoContract, async ({ emit }) => {
  const paths = homePaths()
  const tieto = await Tieto.open(paths.topics, { onChange: (topic) => emit('changed', { topic }) })
  return { handlers: createTietoHandlers(tieto, paths.uploads) }
})
