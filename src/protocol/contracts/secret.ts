import * as z from 'zod'
import { sensitive } from '../contract.ts'
import { secretNameSchema, serviceNameSchema } from './names.ts'

const count = z.number().int().nonnegative()

export const secretSummarySchema = z.object({
  name: secretNameSchema,
  version: count,
  /** When that version was set, in milliseconds since 1970. */
  at: count,
  grants: z.array(serviceNameSchema),
})

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

/** As whom a person's requests are written down. */
export const PERSON = 'person'
/** Of 64 KiB, in base64. */
const VALUE_LENGTH_MAX = 90_000

const name = sensitive(secretNameSchema)
const value = sensitive(z.base64().max(VALUE_LENGTH_MAX))
const COVEN_ERRORS = ['SECRETS_MISSING', 'COVEN_LINK_BROKEN', 'AUDIT_FAILED'] as const
const CHANGE_ERRORS = [...COVEN_ERRORS, 'SECRET_OWNED', 'VAULT_FULL', 'DISK_FULL'] as const
const limits = { timeoutMs: 15_000, runningMax: 8 }

/**
 * What gilgul does with secrets for the person at the command line. Names and values are marked, so that all of it travels
 * sealed: nobody without the key can ask, or say that he is a person.
 */
export const PERSON_SECRET_OPERATIONS = {
  /** Stores a new version, which the person is granted as well. */
  setSecret: {
    input: z.object({ name, value }),
    output: z.object({ version: count }),
    errors: CHANGE_ERRORS,
    limits,
  },
  getSecret: {
    input: z.object({ name, version: count.optional() }),
    output: z.object({ version: count, value }),
    errors: [...COVEN_ERRORS, 'SECRET_OWNED', 'SECRET_NOT_GRANTED', 'SECRET_UNKNOWN'],
    limits,
  },
  /** Names, versions and grants, no values. `owner`: the service of Runa that it belongs to alone; '' for a person's. */
  listSecrets: {
    input: z.object({}),
    output: z.object({ secrets: sensitive(z.array(secretSummarySchema.extend({ owner: z.string() }))) }),
    errors: COVEN_ERRORS,
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
  /** The latest entries of the list of who asked for what, oldest first, after the whole list was verified. */
  auditSecrets: {
    input: z.object({ count: z.number().int().min(1).max(200) }),
    output: z.object({ entries: sensitive(z.array(auditEntrySchema)), count }),
    errors: [...COVEN_ERRORS, 'AUDIT_BROKEN'],
    limits,
  },
} as const
