import * as z from 'zod'
import { defineContract } from '../contract.ts'
import { secretNameSchema, serviceNameSchema } from './names.ts'
import {
  auditEntrySchema,
  leaseMsSchema,
  RANDOM_BYTES_MAX,
  secretSummarySchema,
  versionSchema,
} from './secret.ts'

const count = z.number().int().nonnegative()

/** Where secrets rest in coven's memory. */
export const secretMemorySchema = z.object({
  /** secret: nobody else can read it, not even root. locked: never swapped. open: neither, since no more may be locked. */
  guard: z.enum(['secret', 'locked', 'open']),
  sizeBytes: count,
  /** How often something had to lie in ordinary memory. */
  unguarded: count,
})
export type SecretMemoryState = z.infer<typeof secretMemorySchema>

/** sealed: coven has nothing of what is in the vault, until a person opens it. */
export const vaultChangeSchema = z.object({ vault: z.enum(['open', 'sealed']) })
export type VaultChange = z.infer<typeof vaultChangeSchema>

const AUDIT_ERRORS = ['AUDIT_FAILED', 'VAULT_LOCKED'] as const
const limits = { timeoutMs: 10_000, runningMax: 64 }

/**
 * Keeps secrets. Spoken on the link between coven and gilgul alone, never on the bus. Secrets themselves travel as bytes
 * beside input and output, so that nobody on this link ever makes strings of them.
 */
export const covenContract = defineContract({
  name: 'coven',
  version: 1,
  operations: {
    /** The value travels beside the input, or is made here from so many bytes of chance, as letters and digits. */
    set: {
      input: z.object({
        name: secretNameSchema,
        service: serviceNameSchema,
        randomBytes: z.number().int().min(1).max(RANDOM_BYTES_MAX).optional(),
        /** Refused where there is none of that name, or one, though the opposite is expected. */
        expected: z.enum(['none', 'one']).optional(),
        /** Given out one time only. Left out: as it is. */
        once: z.boolean().optional(),
        leaseMs: leaseMsSchema.optional(),
      }),
      output: z.object({ version: count }),
      errors: [...AUDIT_ERRORS, 'SECRET_THERE', 'SECRET_UNKNOWN', 'VAULT_FULL', 'DISK_FULL'],
      limits,
    },
    /**
     * The value travels beside the output. Who has it has to forget it after `leaseMs`, and ask again. A one-time secret is
     * gone from the vault before the answer is given.
     */
    reveal: {
      input: z.object({
        name: secretNameSchema,
        service: serviceNameSchema,
        version: count.optional(),
        /** Its description grants it, which gilgul has read. */
        described: z.boolean().optional(),
        /** To be taken away, sealed: written down as that, and never a one-time secret. */
        exported: z.boolean().optional(),
      }),
      output: z.object({ version: count, leaseMs: count, once: z.boolean() }),
      errors: [...AUDIT_ERRORS, 'SECRET_NOT_GRANTED', 'SECRET_UNKNOWN', 'DISK_FULL'],
      limits,
    },
    /** Writes down that what a service holds is taken back. gilgul knows who holds what. */
    endLease: {
      input: z.object({ name: secretNameSchema, of: serviceNameSchema, service: serviceNameSchema }),
      output: z.object({}),
      errors: AUDIT_ERRORS,
      limits,
    },
    /** Lets a service have a secret, or no longer: `to` is who may have it. */
    grant: {
      input: z.object({
        name: secretNameSchema,
        to: serviceNameSchema,
        granted: z.boolean(),
        service: serviceNameSchema,
      }),
      output: z.object({}),
      errors: [...AUDIT_ERRORS, 'SECRET_UNKNOWN', 'VAULT_FULL', 'DISK_FULL'],
      limits,
    },
    /** All versions of it, for good. */
    remove: {
      input: z.object({ name: secretNameSchema, service: serviceNameSchema }),
      output: z.object({}),
      errors: [...AUDIT_ERRORS, 'SECRET_UNKNOWN', 'DISK_FULL'],
      limits,
    },
    /** One version of it, for good; not the only one. */
    removeVersion: {
      input: z.object({ name: secretNameSchema, version: count, service: serviceNameSchema }),
      output: z.object({}),
      errors: [...AUDIT_ERRORS, 'SECRET_UNKNOWN', 'DISK_FULL'],
      limits,
    },
    /** The key that a service is born with, the same for ever. It travels beside the output. */
    identity: {
      input: z.object({ service: serviceNameSchema }),
      output: z.object({}),
      errors: [...AUDIT_ERRORS, 'VAULT_FULL', 'DISK_FULL'],
      limits,
    },
    /** Names, versions and grants, no values: as many as fit into a message, from the one after `after` on. */
    list: {
      input: z.object({ after: z.string().optional() }),
      output: z.object({ secrets: z.array(secretSummarySchema), isEnd: z.boolean() }),
      errors: ['VAULT_LOCKED'],
      limits,
    },
    /** Told as an event as well, whenever it changes. */
    state: {
      input: z.object({}),
      output: vaultChangeSchema,
      errors: [],
      limits,
    },
    /** Of one secret, oldest first. */
    versions: {
      input: z.object({ name: secretNameSchema }),
      output: z.object({ versions: z.array(versionSchema) }),
      errors: ['SECRET_UNKNOWN', 'VAULT_LOCKED'],
      limits,
    },
    memory: {
      input: z.object({}),
      output: secretMemorySchema,
      errors: [],
      limits,
    },
    /** The latest entries of the list of who asked for what, oldest first, after it was verified. */
    audit: {
      input: z.object({ count: z.number().int().min(1).max(200) }),
      output: z.object({ entries: z.array(auditEntrySchema), count }),
      errors: ['AUDIT_BROKEN', 'VAULT_LOCKED'],
      limits,
    },
  },
  /** Sent to gilgul over the link. */
  events: { vault: vaultChangeSchema },
})
export type CovenOperation = keyof (typeof covenContract)['operations']
