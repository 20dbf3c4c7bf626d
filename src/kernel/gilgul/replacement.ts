import { delimiter, join, resolve } from 'node:path'
import { fileURLToPath } from 'node:url'
import { type Config, faultInConfig, type Isolation, type ServiceChanges } from '#kernel/config'
import { RunaError } from '#protocol'
import { asWritten } from './as-written.ts'
import { isProgram } from './is-program.ts'
import type { ServiceSpec } from './spec.ts'

const BRIDGE_MAIN = fileURLToPath(new URL('bridge/main.js', import.meta.url))

export interface ReplacementOptions {
  readonly services: Config['services']
  readonly configPath: string
  /** Of runa.yaml: the program runs in it. */
  readonly folder: string
  /** Where programs without a path are looked for. */
  readonly searchPath: string
}

/**
 * Changes Runa's own services as runa.yaml says. A program that it names for one of them runs behind a bridge, which is
 * supervised as any service is. Rejects with CONFIG_INVALID where there is no such program.
 */
export async function changeServices(
  specs: readonly ServiceSpec[],
  options: ReplacementOptions,
): Promise<ServiceSpec[]> {
  return await Promise.all(
    specs.map(async (spec) => {
      const changes = changesOf(spec, options.services)
      if (changes === undefined) return spec
      const changed = asWritten(spec, changes)
      return changes.command === undefined ? changed : await replace(changed, changes.command, options)
    }),
  )
}

/** Models have no entry each: what is said of them is said of all. */
export function changeModel(spec: ServiceSpec, services: Config['services']): ServiceSpec {
  return services.model === undefined ? spec : asWritten(spec, services.model)
}

function changesOf({ name }: ServiceSpec, services: Config['services']): ServiceChanges | undefined {
  const { model: _, ...changes } = services
  return (changes as Readonly<Record<string, ServiceChanges | undefined>>)[name]
}

async function replace(
  spec: ServiceSpec,
  command: readonly string[],
  options: ReplacementOptions,
): Promise<ServiceSpec> {
  // What has a system of its own has its programs there.
  if (!hasOwnSystem(spec.isolation)) await requireProgram(spec.name, command[0] ?? '', options)
  const environment = { ...spec.environment, RUNA_SETTINGS: JSON.stringify({ command }) }
  return { ...spec, main: BRIDGE_MAIN, environment, replacedBy: command }
}

function hasOwnSystem(isolation: Isolation | undefined): boolean {
  return isolation !== undefined && ['chroot', 'qemu', 'xen'].includes(isolation.kind)
}

async function requireProgram(name: string, program: string, options: ReplacementOptions): Promise<void> {
  const { configPath, folder, searchPath } = options
  const places = program.includes('/')
    ? [resolve(folder, program)]
    : searchPath.split(delimiter).map((place) => join(place, program))
  if (places.some(isProgram)) return
  const fault = `there is no program '${program}' that can be run`
  throw new RunaError(
    'CONFIG_INVALID',
    `${await faultInConfig(configPath, ['services', name, 'command'], fault)}.`,
  )
}
