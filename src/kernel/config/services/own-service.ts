import * as z from 'zod'
import { commandSchema } from './command.ts'
import { serviceFields } from './fields.ts'

const { start: _, idleSeconds: __, ...alwaysFields } = serviceFields

/**
 * A file `services/NAME.yaml`: a program of the owner that Runa keeps running. Others see nothing of it on the bus, so that
 * nobody could call it: it always runs.
 */
export const ownServiceSchema = z.strictObject({
  command: commandSchema.meta({
    description: 'The program and its arguments. No shell reads them; it runs in the folder of Runa.',
  }),
  ...alwaysFields,
})

export interface OwnService extends z.output<typeof ownServiceSchema> {
  readonly name: string
}
