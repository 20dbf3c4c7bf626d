import { homePaths } from '#kernel/home'
import { wipe } from '#kernel/seal'
import { runService } from '#kernel/service'
import { snarfContract } from '#protocol'
import { createSnarfHandlers } from './service.ts'
import { openSnarf } from './snarf.ts'

// Wiring only: the profile lies in RUNA_HOME, sealed, and whoever shows it is told when it has changed. Without a key
// nothing is kept.
await runService(snarfContract, async ({ secrets, emit, log }) => {
  const key = secrets.available ? await secrets.reveal('snarf.seal') : undefined
  const onChange = () => emit('changed', {})
  const snarf = await openSnarf(key && homePaths().profile, { key, onChange })
  if (snarf.fault) log('profile fault', { message: snarf.fault })
  if (!key) log('without a key: nothing is kept')
  return { handlers: createSnarfHandlers(snarf), close: () => key && wipe(key) }
})
