import { homePaths } from '#kernel/home'
import { wipe } from '#kernel/seal'
import { noteTakenOver, runService, wasTakenOver } from '#kernel/service'
import { snarfContract } from '#protocol'
import { createSnarfHandlers } from './service.ts'
import { openSnarf } from './snarf.ts'

/** There once the profile of before is. */
const SEALED = 'snarf.sealed'

// Wiring only: the profile lies in RUNA_HOME, sealed, and whoever shows it is told when it has changed. Without a key
// nothing is kept.
await runService(snarfContract, async ({ secrets, emit, log }) => {
  const key = secrets.available ? await secrets.reveal('snarf.seal') : undefined
  const onChange = () => emit('changed', {})
  const takesClear = key !== undefined && !(await wasTakenOver(secrets, SEALED))
  const snarf = await openSnarf(key && homePaths().profile, { key, takesClear, onChange })
  if (snarf.fault) log('profile fault', { message: snarf.fault })
  else if (takesClear) await noteTakenOver(secrets, SEALED)
  if (!key) log('without a key: nothing is kept')
  return { handlers: createSnarfHandlers(snarf), close: () => key && wipe(key) }
})
