import type { OwnService } from '#kernel/config'
import { describedService } from '../spec/service-table.ts'
import type { ServiceSpec } from '../spec/spec.ts'

/** What gilgul has to know of the owner's own services. */
export function ownSpecs(services: readonly OwnService[]): ServiceSpec[] {
  return services.map(({ name, command, ...fields }) => ({
    ...describedService({ name, main: command[0] ?? '' }, fields),
    command,
  }))
}
