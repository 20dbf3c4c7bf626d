import * as z from 'zod'
import { parseOrThrow, RunaError } from '#protocol'

/** What a model's process is told at its start. gilgul keeps it, to start the process again with. */
const modelSettingsSchema = z.object({
  id: z.string(),
  path: z.string(),
  digest: z.string(),
  purpose: z.enum(['chat', 'embedding']),
  contextTokens: z.number().int().positive(),
  /** At most; 0 leaves it to the measurement. */
  threads: z.number().int().nonnegative(),
  gpu: z.enum(['off', 'auto', 'cuda', 'vulkan']),
  /** What gilgul decides by whether there is room for it; absent where it is only tried out. */
  memory: z
    .object({
      weightsBytes: z.number(),
      cacheBytesPerToken: z.number(),
      bufferBytes: z.number(),
      /** With less context it is of no use. */
      contextTokensMin: z.number(),
    })
    .nullish(),
})
export type ModelSettings = z.infer<typeof modelSettingsSchema>

/** From the environment, where gilgul put them. */
export function readSettings(environment: NodeJS.ProcessEnv = process.env): ModelSettings {
  const text = environment['RUNA_SETTINGS']
  if (!text)
    throw new RunaError('BAD_INPUT', 'RUNA_SETTINGS is missing: a model is started by the inference service.')
  return parseOrThrow(modelSettingsSchema, JSON.parse(text))
}

/** The service of a model's process, by the model's id. */
export function modelServiceName(id: string): string {
  return `model-${id}`
}

export function modelIdOf(serviceName: string): string | undefined {
  return serviceName.startsWith('model-') ? serviceName.slice('model-'.length) : undefined
}
