import { runService } from '#kernel/service'
import { inferenceContract } from '#protocol'
import { openInference } from './open.ts'

await runService(inferenceContract, openInference)
