import * as z from 'zod'

/** What a model's process is told at its start. gilgul keeps it, to start the process again with. */
export const modelSettingsSchema = z.object({
  id: z.string(),
  path: z.string(),
  digest: z.string(),
  purpose: z.enum(['chat', 'embedding']),
  contextTokens: z.number().int().positive(),
  /** At most; 0 leaves it to the measurement. */
  threads: z.number().int().nonnegative(),
  gpu: z.enum(['off', 'auto', 'cuda', 'vulkan']),
})
export type ModelSettings = z.infer<typeof modelSettingsSchema>

/** The service of a model's process, by the model's id. */
export function modelServiceName(id: string): string {
  return `model-${id}`
}

export function modelIdOf(serviceName: string): string | undefined {
  return serviceName.startsWith('model-') ? serviceName.slice('model-'.length) : undefined
}
