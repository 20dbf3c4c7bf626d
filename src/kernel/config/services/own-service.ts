import * as z from 'zod'
import type { IsolationKind } from '../confinement.ts'
import { commandSchema } from './command.ts'
import { serviceFields } from './fields.ts'

const { start: _, idleSeconds: __, ...alwaysFields } = serviceFields

const DIRECT: readonly IsolationKind[] = ['none', 'landlock']

/**
 * A file `services/NAME.yaml`: a program of the owner that Runa keeps running. Others see nothing of it on the bus, so that
 * nobody could call it: it always runs.
 */
export const ownServiceSchema = z
  .strictObject({
    command: commandSchema.meta({
      description: 'The program and its arguments. No shell reads them; it runs in the folder of Runa.',
    }),
    ...alwaysFields,
  })
  .superRefine(({ isolation, memoryBytes = 0, limits }, context) => {
    const wrong = (path: string[], message: string) => context.addIssue({ code: 'custom', path, message })
    // gilgul watches the process that it has started: nothing may stand between the two.
    if (isolation !== undefined && !DIRECT.includes(isolation.kind))
      wrong(['isolation', 'kind'], 'a service of your own is kept apart by landlock, or not at all')
    if (memoryBytes > (limits?.memoryBytes ?? memoryBytes))
      wrong(['memoryBytes'], 'is an estimate of more than limits.memoryBytes lets it have')
  })

export interface OwnService extends z.output<typeof ownServiceSchema> {
  readonly name: string
}
