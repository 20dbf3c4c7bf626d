import { homePaths } from '#kernel/home'
import { runService } from '#kernel/service'
import { tietoContract } from '#protocol'
import { createTietoHandlers } from './service.ts'
import { Tieto } from './tieto.ts'

// Wiring only: the topics lie in RUNA_HOME, and whoever shows them is told when one has changed.
await runService(tietoContract, async ({ emit, log }) => {
  const onChange = (topic: string) => {
    try {
      emit('changed', { topic })
    } catch {
      // The change itself is safe; whoever missed the word of it sees it at the next look.
      log('a change could not be announced')
    }
  }
  const paths = homePaths()
  const tieto = await Tieto.open(paths.topics, { onChange })
  return { handlers: createTietoHandlers(tieto, paths.uploads) }
})
