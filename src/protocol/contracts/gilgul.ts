import * as z from 'zod'
import { defineContract } from '../contract.ts'
import { secretMemorySchema } from './coven.ts'
import { happeningSchema } from './happening.ts'
import { serviceNameSchema } from './names.ts'
import { leaseEndedSchema, PERSON_SECRET_OPERATIONS } from './secret.ts'

const count = z.number().int().nonnegative()

export const serviceStateSchema = z.enum([
  /** For another service that it needs. */
  'waiting',
  'starting',
  'running',
  'stopping',
  'stopped',
  /** Nobody calls it. The first message to it starts it, and waits for that. */
  'asleep',
  /** It died, and is started again after a pause. */
  'backoff',
  /** It died too often; only a person starts it again. */
  'failed',
])
export type ServiceState = z.infer<typeof serviceStateSchema>

/** Why a process ended, or does not come up, as far as the evidence tells it. */
export const failureCauseSchema = z.enum([
  'out-of-memory',
  'model-too-big',
  'port-taken',
  'file-missing',
  'model-corrupt',
  /** A file that Runa wrote, and that is no longer as it was written. */
  'data-corrupt',
  'permission',
  'bad-configuration',
  'illegal-instruction',
  'hang',
  /** No failure: it works, and is not ready yet. */
  'slow-start',
  'crash-loop',
  'dependency-down',
  'disk-full',
  /** Descriptors, processes, or another amount that the system allows. */
  'limit-reached',
  /** By a signal that gilgul did not send. */
  'killed',
  /** A fault of the program itself. */
  'crash',
  'unknown',
])
export type FailureCause = z.infer<typeof failureCauseSchema>

const troubleSchema = z.object({
  cause: failureCauseSchema,
  /** What was seen. */
  because: z.string(),
  /** What is done about it, in the order in which it is tried. */
  repairs: z.array(z.string()),
})

/** What keeps a service apart and within limits, as the kernel says it. */
const confinementSchema = z.object({
  /** What was asked for, or what is so without a word of the owner. */
  isolation: z.enum(['none', 'landlock', 'user', 'bubblewrap', 'chroot', 'qemu', 'xen']),
  isDefault: z.boolean(),
  /** What is there, in words. */
  inForce: z.array(z.string()),
  /** What was asked for and is not there, and why. */
  missing: z.array(z.string()),
  limits: z.array(
    z.object({
      what: z.enum(['memoryBytes', 'tasks', 'processors']),
      limit: z.number().positive(),
      /** Such as cgroup v2. */
      by: z.string(),
    }),
  ),
})

export const serviceStatusSchema = z.object({
  name: serviceNameSchema,
  state: serviceStateSchema,
  /** A sentence: why it is in that state, and what happens next. */
  reason: z.string(),
  pid: z.number().int().positive().nullable(),
  restarts: count,
  uptimeMs: count,
  /** Proportional: what several processes share is counted in parts. */
  memoryBytes: count,
  needs: z.array(z.string()),
  /** The owner's program, and its arguments, that serves in the place of Runa's own. */
  replacedBy: z.array(z.string()).optional(),
  /** Of a model: less than was asked for, where there was not memory for all of it. */
  contextTokens: count.optional(),
  /** Of the last time that its process ended unasked. */
  trouble: troubleSchema.optional(),
  /** Absent where nothing was asked for. */
  confinement: confinementSchema.optional(),
})
export type ServiceStatus = z.infer<typeof serviceStatusSchema>

/**
 * absent: Runa was started without. lost: the link is closed, and coven is about to start another gilgul. sealed: nobody
 * has opened the vault yet, or somebody has sealed it.
 */
const covenStateSchema = z.enum(['linked', 'sealed', 'lost', 'absent'])
export type CovenState = z.infer<typeof covenStateSchema>

/** In base64, some 64 KiB of a secret and what is around it. */
const SEALED_LENGTH_MAX = 100_000

const secretRequestSchema = z.object({
  service: serviceNameSchema,
  request: z.base64().max(SEALED_LENGTH_MAX),
})

const SECRET_ERRORS = [
  'SECRETS_MISSING',
  'SECRET_REFUSED',
  'SECRET_NOT_GRANTED',
  'AUDIT_FAILED',
  'COVEN_LINK_BROKEN',
  'VAULT_LOCKED',
] as const

/** Starts, watches and stops every other service. */
export const gilgulContract = defineContract({
  name: 'gilgul',
  version: 1,
  operations: {
    /** gilgul itself is the first of them. */
    status: {
      input: z.object({}),
      output: z.object({
        services: z.array(serviceStatusSchema),
        startedAt: count,
        /** False where runa.yaml switches the sealing of people's words on the bus off. */
        busSealed: z.boolean().default(true),
        coven: covenStateSchema.default('linked'),
        /** What is wrong with runa.yaml or services/*.yaml as they are now, so that they are not heeded. */
        fault: z.string().optional(),
        /** Absent without coven. */
        secretMemory: secretMemorySchema.optional(),
      }),
      errors: [],
      limits: { timeoutMs: 5_000, runningMax: 64 },
    },
    /** Starts a process for one model and resolves once it is ready. Where it runs already, that one is used. */
    startModel: {
      input: z.object({
        name: serviceNameSchema,
        /**
         * Given to the model's main as JSON; no secrets. With `digest`, `contextTokens` and `memory` (its weights, cache and
         * buffers in bytes), it is started only where there is room for it, if need be with less context.
         */
        settings: z.record(z.string(), z.json()),
      }),
      output: serviceStatusSchema,
      errors: ['SERVICE_FAILED', 'MODEL_TOO_LARGE'],
      limits: { timeoutMs: 300_000, runningMax: 16 },
    },
    stopModel: {
      input: z.object({ name: serviceNameSchema }),
      output: z.object({}),
      errors: ['SERVICE_UNKNOWN'],
      limits: { timeoutMs: 30_000, runningMax: 16 },
    },
    /** Stops and starts a service, also one that has failed. */
    restart: {
      input: z.object({ name: serviceNameSchema }),
      output: serviceStatusSchema,
      errors: ['SERVICE_UNKNOWN', 'SERVICE_FAILED', 'VAULT_LOCKED'],
      limits: { timeoutMs: 60_000, runningMax: 8 },
    },
    /**
     * Takes up runa.yaml and services/*.yaml as they are now. Answers once they are found to be right; then gilgul is
     * replaced by one that has read them, and starts, stops and restarts only what they changed.
     */
    apply: {
      input: z.object({}),
      output: z.object({}),
      errors: ['CONFIG_INVALID'],
      limits: { timeoutMs: 10_000, runningMax: 1 },
    },
    /**
     * A service asks for a secret, with a request that is sealed with the key it was born with. The answer is sealed with
     * the same key, and bound to the request; it holds the secret, or why there is none.
     */
    reveal: {
      input: secretRequestSchema,
      output: z.object({ answer: z.base64() }),
      errors: [...SECRET_ERRORS, 'SECRET_UNKNOWN'],
      limits: { timeoutMs: 15_000, runningMax: 32 },
    },
    /** A service puts a secret of its own in the place of the one before. The answer is sealed as well, and empty. */
    keep: {
      input: secretRequestSchema,
      output: z.object({ answer: z.base64() }),
      errors: [...SECRET_ERRORS, 'VAULT_FULL', 'DISK_FULL'],
      limits: { timeoutMs: 15_000, runningMax: 32 },
    },
    ...PERSON_SECRET_OPERATIONS,
    /** Answers at once; then everything is stopped, in reverse order, and gilgul ends. */
    shutdown: {
      input: z.object({}),
      output: z.object({}),
      errors: [],
      limits: { timeoutMs: 5_000, runningMax: 8 },
    },
  },
  events: {
    changed: serviceStatusSchema,
    /** What happened to a service, or to gilgul itself; the history keeps the same. */
    happened: happeningSchema,
    leaseEnded: leaseEndedSchema,
  },
})
