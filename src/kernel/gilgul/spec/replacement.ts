import { delimiter, join, resolve } from 'node:path'
import type { Config, Isolation, ServiceChanges } from '#kernel/config'
import { programPath } from '#kernel/home'
import { isProgram } from '../is-program.ts'
import { asWritten } from './as-written.ts'
import type { ServiceSpec } from './spec.ts'

const BRIDGE_MAIN = programPath('kernel/gilgul/bridge/main.js')

/** Changes Runa's own services as runa.yaml says. A program that it names for one of them runs behind a bridge. */
export function changeServices(
  specs: readonly ServiceSpec[],
  services: Config['services'],
): readonly ServiceSpec[] {
  return specs.map((spec) => {
    const changes = changesOf(spec.name, services)
    if (changes === undefined) return spec
    const changed = asWritten(spec, changes)
    if (changes.command === undefined) return changed
    const environment = {
      ...changed.environment,
      RUNA_SETTINGS: JSON.stringify({ command: changes.command }),
    }
    return { ...changed, main: BRIDGE_MAIN, environment, replacedBy: changes.command }
  })
}

/** Models have no entry each: what is said of them is said of all. */
export function changeModel(spec: ServiceSpec, services: Config['services']): ServiceSpec {
  return services.model === undefined ? spec : asWritten(spec, services.model)
}

/** What runa.yaml says of one of Runa's own services. */
export function changesOf(name: string, services: Config['services']): ServiceChanges | undefined {
  const { model: _, ...changes } = services
  return (changes as Readonly<Record<string, ServiceChanges | undefined>>)[name]
}

export interface ProgramOptions {
  /** Of runa.yaml: programs run in it. */
  readonly folder: string
  /** Where programs without a path are looked for. */
  readonly searchPath: string
}

/** Programs that runa.yaml names and that are not there: by service, which. */
export function missingPrograms(
  services: Config['services'],
  { folder, searchPath }: ProgramOptions,
): readonly { readonly name: string; readonly program: string }[] {
  return Object.entries(services).flatMap(([name, changes]) => {
    if (changes === undefined || !('command' in changes) || changes.command === undefined) return []
    const [program = ''] = changes.command
    // What has a system of its own has its programs there.
    if (hasOwnSystem(changes.isolation)) return []
    const places = program.includes('/')
      ? [resolve(folder, program)]
      : searchPath.split(delimiter).map((place) => join(place, program))
    return places.some(isProgram) ? [] : [{ name, program }]
  })
}

function hasOwnSystem(isolation: Isolation | undefined): boolean {
  return isolation !== undefined && ['chroot', 'qemu', 'xen'].includes(isolation.kind)
}
