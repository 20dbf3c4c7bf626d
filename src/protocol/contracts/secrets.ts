import * as z from 'zod'
import { defineContract, sensitive } from '../contract.ts'
import { secretNameSchema } from './names.ts'
import { leaseEndedSchema, leaseIdSchema } from './secret.ts'

const count = z.number().int().nonnegative()

/**
 * How a program of the owner gets a secret that it was granted: over the pipe of its bridge, or over the socket that
 * RUNA_SECRETS names. Nobody speaks it on the bus.
 */
export const secretsContract = defineContract({
  name: 'secrets',
  version: 1,
  operations: {
    reveal: {
      input: z.object({ name: secretNameSchema }),
      output: z.object({
        version: count,
        /** Absent of a one-time secret, which nobody is to hold. */
        lease: leaseIdSchema.optional(),
        /** After that it is to be forgotten, or asked for again. Null: never. */
        leaseMs: count.nullable(),
        value: sensitive(z.base64()),
      }),
      errors: [
        ...['SECRETS_MISSING', 'SECRET_REFUSED', 'SECRET_NOT_GRANTED', 'SECRET_UNKNOWN'],
        ...['AUDIT_FAILED', 'COVEN_LINK_BROKEN', 'VAULT_LOCKED', 'DISK_FULL'],
      ] as const,
      limits: { timeoutMs: 15_000, runningMax: 8 },
    },
  },
  events: {
    /** What was given by that lease is to be forgotten. Who misses it forgets it once the lease has run out. */
    leaseEnded: leaseEndedSchema,
  },
})
