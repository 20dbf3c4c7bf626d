import { delimiter, join, resolve } from 'node:path'
import { fileURLToPath } from 'node:url'
import { type Config, type Isolation, placeInConfig } from '#kernel/config'
import { RunaError } from '#protocol'
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
 * Puts the programs that runa.yaml names in the places of Runa's own: each runs behind a bridge, which is supervised as
 * any service is. Rejects with CONFIG_INVALID where there is no such program.
 */
export async function replaceServices(
  specs: readonly ServiceSpec[],
  options: ReplacementOptions,
): Promise<ServiceSpec[]> {
  const replacements: Readonly<Record<string, Config['services']['tieto']>> = options.services
  return await Promise.all(
    specs.map(async (spec) => {
      const replacement = replacements[spec.name]
      if (replacement === undefined) return spec
      const { command, isolation, limits } = replacement
      // What has a system of its own has its programs there.
      if (!hasOwnSystem(isolation)) await requireProgram(spec.name, command[0] ?? '', options)
      const environment = { ...spec.environment, RUNA_SETTINGS: JSON.stringify({ command }) }
      return {
        ...spec,
        main: BRIDGE_MAIN,
        environment,
        replacedBy: command,
        ...(isolation && { isolation }),
        ...(limits && { limits }),
      }
    }),
  )
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
  const setting = await placeInConfig(configPath, ['services', name, 'command'])
  throw new RunaError('CONFIG_INVALID', `${setting}: there is no program '${program}' that can be run.`)
}
