import * as z from 'zod'
import { defineContract } from '#protocol'

const textSchema = z.object({ text: z.string() })

/** As small as a contract can be: an echo, and as many items as are asked for. */
export const feedContract = defineContract({
  name: 'feed',
  version: 1,
  operations: {
    echo: {
      input: textSchema,
      output: textSchema,
      errors: [],
      limits: { timeoutMs: 60_000, runningMax: 4 },
    },
    items: {
      input: z.object({ times: z.number().int().positive(), sizeBytes: z.number().int().positive() }),
      item: textSchema,
      windowItems: 1_024,
      errors: [],
      limits: { timeoutMs: 60_000, runningMax: 4 },
    },
  },
  events: {},
})
