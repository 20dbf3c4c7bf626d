import * as z from 'zod'
import { defineContract } from '../contract.ts'

const count = z.number().int().nonnegative()

/** Keeps who sent what to whom on the bus, and never what it says. Runs only where runa.yaml asks for it. */
export const recorderContract = defineContract({
  name: 'recorder',
  version: 1,
  operations: {
    /** How far it is. */
    progress: {
      input: z.object({}),
      output: z.object({
        /** Where the journal lies. */
        folder: z.string(),
        /** False while another recorder is at work, such as `runa bus record`: then that one writes everything down. */
        recording: z.boolean(),
        /** Messages written down since it came. */
        recorded: count,
        /** Messages that came too fast to be written down. */
        missed: count,
      }),
      errors: [],
      limits: { timeoutMs: 2_000, runningMax: 16 },
    },
  },
  events: {},
})
