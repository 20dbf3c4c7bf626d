import { join } from 'node:path'
import { homePaths } from '#kernel/home'
import { wipe } from '#kernel/seal'
import { runService } from '#kernel/service'
import { alethiaContract } from '#protocol'
import { openAlethia } from './alethia.ts'
import { createAlethiaHandlers } from './service.ts'
import { readKeyFile } from './user-key.ts'

// Wiring only: the memory lies in RUNA_HOME, and its master key in a file beside it.
await runService(alethiaContract, async ({ emit, log }) => {
  const { memory, vault } = homePaths()
  const masterKey = await readKeyFile(join(vault, 'alethia.key'), memory)
  const alethia = await openAlethia(memory, {
    masterKey,
    onForgotten: (turns) => emit('forgotten', { turns: [...turns] }),
  })
  wipe(masterKey)
  if (alethia.faults.length > 0) log('records without a key', { count: alethia.faults.length })
  return {
    handlers: createAlethiaHandlers(alethia),
    close: () => alethia.close(),
  }
})
