import * as z from 'zod'
import { defineContract } from '../contract.ts'

const count = z.number().int().nonnegative()

const linkSchema = z.object({
  topic: z.string(),
  subject: z.string(),
  direction: z.enum(['both', 'out', 'in']),
  /** Kept by JetStream for whoever was away. */
  lasting: z.boolean(),
  /** Messages that left this machine, and that came. */
  sent: count,
  received: count,
  /** Came more than once, or from here. */
  passedOver: count,
  /** Written over here before they could be sent, or dropped since this bus was full. */
  lost: count,
  /** What went wrong last, while it is not mended. */
  fault: z.string().optional(),
})
export type NatsLink = z.infer<typeof linkSchema>

/** The way beyond the machine: chosen topics of the bus, carried over a NATS server that the owner has named. */
export const natsContract = defineContract({
  name: 'nats',
  version: 1,
  operations: {
    links: {
      input: z.object({}),
      output: z.object({ servers: z.array(z.string()), connected: z.boolean(), links: z.array(linkSchema) }),
      errors: [],
      limits: { timeoutMs: 2_000, runningMax: 16 },
    },
  },
  events: {},
})
