import * as z from 'zod'
import { sensitive } from '../contract.ts'
import { secretNameSchema, serviceNameSchema } from './names.ts'

const count = z.number().int().nonnegative()

export const leaseIdSchema = z.string().regex(/^[0-9a-f]{32}$/, 'a lease is 32 hexadecimal digits')

/** A second is long enough to work with; after a day a service should ask again whatever it is for. */
export const leaseMsSchema = z
  .number()
  .int()
  .min(1_000)
  .max(24 * 3_600_000)
/** As text, a fifth of what a secret may have. */
export const RANDOM_BYTES_MAX = 8_192

export const versionSchema = z.object({
  version: count,
  /** When it was set, in milliseconds since 1970. */
  at: count,
})

export const secretSummarySchema = versionSchema.extend({
  name: secretNameSchema,
  grants: z.array(serviceNameSchema),
  /** How many versions are kept; the newest is in force. */
  versions: count,
  /** It is given out one time, and is gone with that. */
  once: z.boolean(),
  /** How long a service may hold it before it has to ask again. */
  leaseMs: count,
})

export type SecretSummary = z.infer<typeof secretSummarySchema>

/** One line of the list of who asked for what. Never holds a secret. */
export const auditEntrySchema = z.object({
  /** Milliseconds since 1970. */
  at: count,
  operation: z.string(),
  /** The name of the secret; empty where it is about none. */
  secret: z.string(),
  /** Who asked, as gilgul says. */
  service: z.string(),
  outcome: z.enum(['granted', 'refused']),
  /** That the vault had, or was to have where it was to change. */
  revision: count,
})
export type AuditEntry = z.infer<typeof auditEntrySchema>

/** A lease on a secret: who holds it, and for how long he may before he asks again. */
export const leaseSchema = z.object({
  /** Hexadecimal; says nothing by itself. */
  id: leaseIdSchema,
  service: serviceNameSchema,
  secret: secretNameSchema,
  version: count,
  /** Null for a key of a service's own, which it holds for as long as its process runs. */
  leftMs: count.nullable(),
})
export type Lease = z.infer<typeof leaseSchema>

/** Told to everybody, and meant for who holds it: what he was given is to be forgotten. */
export const leaseEndedSchema = z.object({
  lease: leaseIdSchema,
  service: serviceNameSchema,
  /** expired: ask again. rotated: there is a newer version. revoked: it was taken back. locked: coven is gone. */
  reason: z.enum(['expired', 'rotated', 'revoked', 'locked']),
})
export type LeaseEnded = z.infer<typeof leaseEndedSchema>

/** As whom a person's requests are written down. */
export const PERSON = 'person'
/** Of 64 KiB, in base64. */
const VALUE_LENGTH_MAX = 90_000

const name = sensitive(secretNameSchema)
const value = sensitive(z.base64().max(VALUE_LENGTH_MAX))
const COVEN_ERRORS = ['SECRETS_MISSING', 'COVEN_LINK_BROKEN', 'AUDIT_FAILED', 'VAULT_LOCKED'] as const
const CHANGE_ERRORS = [...COVEN_ERRORS, 'SECRET_OWNED', 'VAULT_FULL', 'DISK_FULL'] as const
const limits = { timeoutMs: 15_000, runningMax: 8 }

/**
 * What gilgul does with secrets for the person at the command line. Names and values are marked, so that all of it travels
 * sealed: nobody without the key can ask, or say that he is a person.
 */
export const PERSON_SECRET_OPERATIONS = {
  /** Stores a new version, given or made from so many bytes of chance. The person is granted it as well. */
  setSecret: {
    input: z.object({
      name,
      value: value.optional(),
      randomBytes: z.number().int().min(16).max(RANDOM_BYTES_MAX).optional(),
      /** `none`: only where there is no secret of that name yet. `one`: only where there is. */
      expected: z.enum(['none', 'one']).optional(),
      /** It is given out one time, and is gone with that. */
      once: z.boolean().optional(),
      leaseMs: leaseMsSchema.optional(),
    }),
    output: z.object({ version: count }),
    errors: [...CHANGE_ERRORS, 'SECRET_THERE', 'SECRET_UNKNOWN'],
    limits,
  },
  getSecret: {
    /** `exported`: to be taken away, sealed. */
    input: z.object({ name, version: count.optional(), exported: z.boolean().optional() }),
    output: z.object({ version: count, value, once: z.boolean() }),
    errors: [...COVEN_ERRORS, 'SECRET_OWNED', 'SECRET_NOT_GRANTED', 'SECRET_UNKNOWN', 'DISK_FULL'],
    limits,
  },
  /**
   * Names, versions and grants, no values, in the order of names: so many as a message holds, from the one after `after`.
   * `owner`: the service of Runa that it belongs to alone; '' for a person's. `described`: services whose description
   * grants it.
   */
  listSecrets: {
    input: z.object({ after: sensitive(z.string()).optional() }),
    output: z.object({
      secrets: sensitive(
        z.array(secretSummarySchema.extend({ owner: z.string(), described: z.array(serviceNameSchema) })),
      ),
      isEnd: z.boolean(),
    }),
    errors: COVEN_ERRORS,
    limits,
  },
  /** Of one secret, oldest first. */
  listVersions: {
    input: z.object({ name }),
    output: z.object({ versions: z.array(versionSchema) }),
    errors: [...COVEN_ERRORS, 'SECRET_UNKNOWN'],
    limits,
  },
  /** Lets a service have a secret, or no longer. */
  grantSecret: {
    input: z.object({ name, to: serviceNameSchema, granted: z.boolean() }),
    output: z.object({}),
    errors: [...CHANGE_ERRORS, 'SECRET_UNKNOWN'],
    limits,
  },
  /** All versions of it, for good. */
  removeSecret: {
    input: z.object({ name }),
    output: z.object({}),
    errors: [...CHANGE_ERRORS, 'SECRET_UNKNOWN'],
    limits,
  },
  /** One version of it, for good; not the only one. */
  removeVersion: {
    input: z.object({ name, version: count }),
    output: z.object({}),
    errors: [...CHANGE_ERRORS, 'SECRET_UNKNOWN'],
    limits,
  },
  /** Who holds what now. */
  listLeases: {
    input: z.object({}),
    output: z.object({ leases: sensitive(z.array(leaseSchema)) }),
    errors: COVEN_ERRORS,
    limits,
  },
  /** Takes back what a service holds. It may ask again, unless its grant is taken as well. */
  endLease: {
    input: z.object({ lease: leaseIdSchema }),
    output: z.object({ service: serviceNameSchema, secret: name }),
    errors: [...COVEN_ERRORS, 'LEASE_UNKNOWN'],
    limits,
  },
  /** The latest entries of the list of who asked for what, oldest first, after the whole list was verified. */
  auditSecrets: {
    input: z.object({ count: z.number().int().min(1).max(200) }),
    output: z.object({ entries: sensitive(z.array(auditEntrySchema)), count }),
    errors: [...COVEN_ERRORS, 'AUDIT_BROKEN'],
    limits,
  },
} as const
