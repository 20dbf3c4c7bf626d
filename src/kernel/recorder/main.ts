import { homePaths } from '#kernel/home'
import { runService } from '#kernel/service'
import { recorderContract } from '#protocol'
import { startRecorder } from './service.ts'

// Wiring only. Where the disk fails there is no recorder: it ends, and gilgul says why.
await runService(recorderContract, ({ bus, signal }) => {
  const { handlers, ended } = startRecorder({ bus, folder: homePaths().record, signal })
  return { handlers, close: () => ended }
})
