import { homePaths } from '#kernel/home'
import { runService } from '#kernel/service'
import { snarfContract } from '#protocol'
import { createSnarfHandlers } from './service.ts'
import { openSnarf } from './snarf.ts'

// Wiring only: the profile lies in RUNA_HOME, and whoever shows it is told when it has changed.
await runService(snarfContract, async ({ emit, log }) => {
  const snarf = await openSnarf(homePaths().profile, { onChange: () => emit('changed', {}) })
  if (snarf.fault) log('profile fault', { message: snarf.fault })
  return { handlers: createSnarfHandlers(snarf) }
})
