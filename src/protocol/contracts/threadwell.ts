import * as z from 'zod'
import { defineContract, sensitive } from '../contract.ts'

const keySchema = z.object({
  id: z.string(),
  name: sensitive(z.string()),
  /** Milliseconds since 1970. */
  createdAt: z.number().int().nonnegative(),
  /** 0 where it was never used. */
  usedAt: z.number().int().nonnegative(),
})
export type ApiKey = z.infer<typeof keySchema>

/** Names and digests of keys lie in the vault. */
const KEEPING_ERRORS = [
  'SECRETS_MISSING',
  'SECRET_REFUSED',
  'SECRET_NOT_GRANTED',
  'AUDIT_FAILED',
  'COVEN_LINK_BROKEN',
  'VAULT_FULL',
  'DISK_FULL',
] as const

/** Boards, chat and the HTTP APIs. What browsers use is HTTP; this is what the command line needs of it. */
export const threadwellContract = defineContract({
  name: 'threadwell',
  version: 1,
  operations: {
    address: {
      input: z.object({}),
      output: z.object({
        /** `http://127.0.0.1:PORT` */
        url: z.string(),
        /** The same with a token that logs a browser in. */
        loginUrl: sensitive(z.string()),
      }),
      errors: [],
      limits: { timeoutMs: 5_000, runningMax: 16 },
    },
    /** The key is shown this once: only its digest is kept. */
    createKey: {
      input: z.object({ name: sensitive(z.string().trim().min(1).max(64)) }),
      output: keySchema.extend({ key: sensitive(z.string()) }),
      errors: [...KEEPING_ERRORS, 'KEYS_FULL'],
      limits: { timeoutMs: 5_000, runningMax: 4 },
    },
    keys: {
      input: z.object({}),
      output: z.object({ keys: z.array(keySchema) }),
      errors: KEEPING_ERRORS,
      limits: { timeoutMs: 5_000, runningMax: 16 },
    },
    revokeKey: {
      input: z.object({ id: z.string().max(64) }),
      output: z.object({}),
      errors: [...KEEPING_ERRORS, 'KEY_UNKNOWN'],
      limits: { timeoutMs: 5_000, runningMax: 4 },
    },
  },
  events: {},
})
