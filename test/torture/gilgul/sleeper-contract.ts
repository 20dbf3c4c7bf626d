import * as z from 'zod'
import { defineContract } from '#protocol'
import { SLEEPER } from './house.ts'

export const sleeperContract = defineContract({
  name: SLEEPER,
  version: 1,
  operations: {
    take: {
      input: z.object({ number: z.number() }),
      output: z.object({ pid: z.number() }),
      errors: [],
      limits: { timeoutMs: 60_000, runningMax: 64 },
    },
  },
  events: {},
})
