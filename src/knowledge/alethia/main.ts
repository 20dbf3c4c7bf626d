import { homePaths } from '#kernel/home'
import { wipe } from '#kernel/seal'
import { runService } from '#kernel/service'
import { alethiaContract } from '#protocol'
import { openAlethia } from './alethia.ts'
import { createAlethiaHandlers } from './service.ts'

// Wiring only: the memory lies in RUNA_HOME, and its master key in the vault. Without a vault nothing is kept.
await runService(alethiaContract, async ({ secrets, emit, log }) => {
  const masterKey = secrets.available ? await secrets.reveal('alethia.master') : undefined
  const alethia = await openAlethia(homePaths().memory, {
    masterKey,
    // A new start reads what the disk holds; who waits for this turn repeats it then.
    onBroken: () => {
      log('the disk failed')
      process.exit(1)
    },
    onForgotten: (turns) => emit('forgotten', { turns: [...turns] }),
  })
  if (masterKey) wipe(masterKey)
  else log('without a key: nothing is kept')
  if (alethia.faults.length > 0) log('records without a key', { count: alethia.faults.length })
  return {
    handlers: createAlethiaHandlers(alethia),
    close: () => alethia.close(),
  }
})
