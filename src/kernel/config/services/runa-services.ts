import * as z from 'zod'
import { commandSchema } from './command.ts'
import { serviceFields } from './fields.ts'
import { modelProbeSchema } from './probe.ts'

const onBus = {
  silenceSeconds: z.number().int().min(3).max(3_600).optional().meta({
    description: 'It beats on the bus each second. One that does not for so long is taken for hung.',
  }),
}

const { start: _, idleSeconds: __, ...alwaysFields } = serviceFields

/** They hear what others announce, or are called by others than services: none of these may sleep. */
const ofRuna = z.strictObject({ ...alwaysFields, ...onBus })

const onDemand = z.strictObject({ ...serviceFields, ...onBus })

/** Two speak to nobody, so that a program over a pipe can serve in their place. It runs with the owner's rights. */
const replaceable = z.strictObject({
  command: commandSchema.optional().meta({
    description:
      'A program of the owner that serves in its place, and its arguments. Paths are relative to the folder of runa.yaml.',
  }),
  ...serviceFields,
  ...onBus,
})

const { needs: ___, group: ____, secrets: _____, ...modelFields } = alwaysFields

/** All models alike. They come and go at inference's wish. */
const ofModels = z.strictObject({
  ...modelFields,
  ...onBus,
  liveness: modelProbeSchema.optional().meta({
    description: 'Whether it is still well, beside its beating on the bus.',
  }),
})

/** Section `services` of runa.yaml: what is otherwise about Runa's own services than it would be. */
export const runaServicesSchema = z
  .strictObject({
    recorder: ofRuna.optional(),
    inference: replaceable.optional(),
    tieto: replaceable.optional(),
    alethia: ofRuna.optional(),
    snarf: onDemand.optional(),
    conversation: ofRuna.optional(),
    threadwell: ofRuna.optional(),
    nats: ofRuna.optional(),
    model: ofModels.optional(),
  })
  .prefault({})

/** What is changed about one of them. */
export interface ServiceChanges extends Omit<z.output<typeof replaceable>, 'liveness'> {
  readonly liveness?: z.output<typeof modelProbeSchema> | undefined
}
