import * as z from 'zod'
import { limitsSchema } from './confinement.ts'

const SECOND = 1_000

const word = z.string().regex(/^[^\0]+$/, 'may not be empty')
const seconds = (min: number, max: number) => z.number().min(min).max(max)

/** The program and its arguments. No shell reads them. */
const command = z
  .array(word, { error: 'is a list: the program and its arguments, such as ["python3", "mine.py"]' })
  .min(1, 'names no program')
  .max(64)

/** How it is told that the service is well. */
const probeSchema = z
  .strictObject({
    /** It is well where this address of this machine answers with a status below 400. */
    http: z
      .strictObject({
        port: z.number().int().min(1).max(65_535),
        path: z
          .string()
          .regex(/^\/[!-~]*$/, 'is a path, such as /health')
          .default('/'),
      })
      .optional(),
    /** It is well where this program ends with 0. */
    command: command.optional(),
    /** Between two probes. Until it is ready, it is asked four times a second. */
    periodSeconds: seconds(1, 3_600).default(5),
    /** One that takes longer has failed. */
    timeoutSeconds: seconds(0.1, 60).default(2),
    /** So many may fail in a row; one more, and it is taken for hung. */
    failuresMax: z.number().int().min(1).max(100).default(2),
  })
  .superRefine((probe, context) => {
    if ((probe.http === undefined) === (probe.command === undefined))
      context.addIssue({ code: 'custom', message: 'has either http or a command' })
  })

/** After a death: how long is waited, and when it is given up. */
const restartSchema = z
  .strictObject({
    pauseFirstSeconds: seconds(0.01, 3_600).default(0.1),
    pauseMaxSeconds: seconds(0.01, 3_600).default(10),
    healthySeconds: seconds(0, 86_400).default(10),
    deathsMax: z.number().int().min(0).max(1_000).default(10),
    windowSeconds: seconds(1, 86_400).default(60),
    failedStartsMax: z.number().int().min(1).max(100).default(3),
  })
  .prefault({})

/** A file `services/NAME.yaml`: a program of the owner that Runa keeps running. Others see nothing of it on the bus. */
export const ownServiceSchema = z.strictObject({
  command,
  /** It is started once all of these run. */
  needs: z.array(z.string()).max(32).default([]),
  environment: z
    .record(
      z.string().regex(/^(?!RUNA_)[A-Za-z_][A-Za-z0-9_]*$/, 'is no name of a variable, or begins with RUNA_'),
      z.string(),
    )
    .default({}),
  /** Without one, it is well as long as it is there. */
  probe: probeSchema.optional(),
  readySeconds: seconds(0.5, 3_600).default(20),
  /** Between the wish that it ends and the force. */
  stopSeconds: seconds(0.1, 60).default(6),
  restart: restartSchema,
  /** What of its group is restarted with it when it dies. Groups are those of the same name. */
  group: z
    .strictObject({
      name: z.string().min(1).max(64),
      strategy: z.enum(['one_for_one', 'rest_for_one', 'one_for_all']).default('one_for_one'),
    })
    .optional(),
  limits: limitsSchema.optional(),
})
type Written = z.output<typeof ownServiceSchema>

export interface OwnService extends Written {
  readonly name: string
}

export type Probe = NonNullable<Written['probe']>

export function milliseconds(inSeconds: number): number {
  return Math.round(inSeconds * SECOND)
}
