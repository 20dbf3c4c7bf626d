import * as z from 'zod'
import { commandSchema } from './command.ts'

const seconds = (min: number, max: number) => z.number().min(min).max(max)

const asked = {
  http: z
    .strictObject({
      port: z.number().int().min(1).max(65_535),
      path: z
        .string()
        .regex(/^\/[!-~]*$/, 'is a path, such as /health')
        .default('/'),
    })
    .optional()
    .meta({ description: 'It is well where this address of this machine answers with a status below 400.' }),
  command: commandSchema
    .optional()
    .meta({ description: 'It is well where this program, which is not kept apart, ends with 0.' }),
}

const pace = {
  periodSeconds: seconds(1, 3_600)
    .default(5)
    .meta({ description: 'Between two probes. Until it is ready, it is asked four times a second.' }),
  timeoutSeconds: seconds(0.1, 60).default(2).meta({ description: 'One that takes longer has failed.' }),
  failuresMax: z
    .number()
    .int()
    .min(0)
    .max(100)
    .default(1)
    .meta({ description: 'So many may fail in a row; one more, and it is taken for hung.' }),
}

function oneOf(kinds: readonly string[]) {
  return (probe: object, context: { addIssue: (issue: { code: 'custom'; message: string }) => void }) => {
    const given = kinds.filter((kind) => (probe as Readonly<Record<string, unknown>>)[kind] !== undefined)
    if (given.length !== 1)
      context.addIssue({ code: 'custom', message: `has one of these, and only one: ${kinds.join(', ')}` })
  }
}

/** How a service is asked whether it is well. */
export const probeSchema = z.strictObject({ ...asked, ...pace }).superRefine(oneOf(['http', 'command']))

/** A model may also be asked for a token. */
export const modelProbeSchema = z
  .strictObject({
    ...asked,
    inference: z.literal(true).optional().meta({
      description:
        'It is well where it makes one token. A model that is busy is not asked: it is well as long as it reads or makes tokens.',
    }),
    ...pace,
  })
  .superRefine(oneOf(['http', 'command', 'inference']))

export type Probe = z.output<typeof modelProbeSchema>
