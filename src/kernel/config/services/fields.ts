import * as z from 'zod'
import { secretNameSchema } from '#protocol'
import { isolationSchema, limitsSchema } from '../confinement.ts'
import { onFailureSchema } from './on-failure.ts'
import { probeSchema } from './probe.ts'

const SECOND = 1_000

const seconds = (min: number, max: number) => z.number().min(min).max(max)

/** After a death: how long is waited, and when it is given up. */
const restartSchema = z.strictObject({
  pauseFirstSeconds: seconds(0.01, 3_600)
    .optional()
    .meta({ description: 'The first pause is at most so long; each further one may be twice as long.' }),
  pauseMaxSeconds: seconds(0.01, 3_600).optional(),
  healthySeconds: seconds(0, 86_400)
    .optional()
    .meta({ description: 'After so long without a death the next pause is a first one.' }),
  deathsMax: z
    .number()
    .int()
    .min(0)
    .max(1_000)
    .optional()
    .meta({ description: 'More than so many within the window, and it is given up.' }),
  windowSeconds: seconds(1, 86_400).optional(),
  failedStartsMax: z
    .number()
    .int()
    .min(1)
    .max(100)
    .optional()
    .meta({ description: 'So many starts in a row that came to nothing, and it is given up.' }),
})

/**
 * What every service has, whoever wrote it: those of the owner in `services/NAME.yaml`, Runa's own in its service table and
 * under `services` of runa.yaml. Without defaults, so that it can also say what is changed.
 */
export const serviceFields = {
  needs: z
    .array(z.string())
    .max(32)
    .optional()
    .meta({ description: 'It is started once all of these run: services of the owner, or of Runa.' }),
  environment: z
    .record(
      z.string().regex(/^(?!RUNA_)[A-Za-z_][A-Za-z0-9_]*$/, 'is no name of a variable, or begins with RUNA_'),
      z.string(),
    )
    .optional()
    .meta({ description: 'On top of what every service gets. No place for secrets.' }),
  readiness: probeSchema
    .optional()
    .meta({ description: 'When it is ready. Of a service of the owner, without it: what `liveness` asks.' }),
  liveness: probeSchema
    .optional()
    .meta({ description: 'Whether it is still well. Without it: it beats on the bus, or it is there.' }),
  readySeconds: seconds(0.5, 3_600)
    .optional()
    .meta({ description: 'Until it is ready; one that still works is waited for four times as long.' }),
  stopSeconds: seconds(0.1, 60)
    .optional()
    .meta({ description: 'Between the wish that it ends (SIGTERM) and the force (SIGKILL).' }),
  restart: restartSchema.optional(),
  onFailure: onFailureSchema
    .optional()
    .meta({ description: 'By cause: what is done about a death, in the place of what Runa would do.' }),
  group: z
    .strictObject({
      name: z.string().min(1).max(64),
      strategy: z.enum(['one_for_one', 'rest_for_one', 'one_for_all']).default('one_for_one'),
    })
    .optional()
    .meta({ description: 'Services with the same name of a group; what of it is restarted with this one.' }),
  start: z
    .enum(['always', 'on-demand'])
    .optional()
    .meta({ description: 'Whether it runs at all times, or only once something is asked of it.' }),
  idleSeconds: seconds(1, 86_400)
    .optional()
    .meta({ description: 'On demand: it is stopped when nothing was asked of it for so long.' }),
  memoryBytes: z
    .number()
    .int()
    .positive()
    .max(2 ** 44)
    .optional()
    .meta({ description: 'An estimate of what it needs. Where there is not that much, it is not started.' }),
  limits: limitsSchema.optional(),
  isolation: isolationSchema.optional(),
  secrets: z
    .array(secretNameSchema)
    .max(32)
    .optional()
    .meta({ description: 'Of the vault: which ones it may have, when it asks for them.' }),
}

/** What a description says of a service; what it does not say is as it was. */
export type ServiceFields = z.output<z.ZodObject<typeof serviceFields>>

/** What is so where a description says nothing. */
export const SERVICE_DEFAULTS = {
  needs: [],
  environment: {},
  readySeconds: 20,
  stopSeconds: 6,
  restart: {
    pauseFirstSeconds: 0.1,
    pauseMaxSeconds: 10,
    healthySeconds: 10,
    deathsMax: 10,
    windowSeconds: 60,
    failedStartsMax: 3,
  },
  start: 'always',
  idleSeconds: 600,
  secrets: [],
} as const satisfies ServiceFields

export function milliseconds(inSeconds: number): number {
  return Math.round(inSeconds * SECOND)
}
