import type { Config } from '#kernel/config'
import { BIRTH } from '../ancestry/birth-names.ts'
import { programDoorPath } from '../secrets/program-door.ts'
import { type ServiceSpec, sleepsAfterMs } from '../spec/spec.ts'
import { privateBusesOf } from './buses.ts'

/** All that a service gets of the environment that Runa was started in. */
const PASSED_ON = ['PATH', 'HOME', 'LANG', 'LC_ALL', 'TZ', 'TMPDIR', BIRTH.home, BIRTH.port]

export interface EnvironmentOptions {
  readonly config: Config
  readonly busPath: string
  readonly own: NodeJS.ProcessEnv
}

export function environmentOf(
  spec: ServiceSpec,
  { config, busPath, own }: EnvironmentOptions,
): Record<string, string> {
  const passOn = (names: readonly string[]) =>
    Object.fromEntries(names.flatMap((name) => (own[name] === undefined ? [] : [[name, own[name]]])))
  // Where secrets are asked for; nothing that is one.
  const forPrograms = { RUNA_SERVICE: spec.name, RUNA_SECRETS: programDoorPath(busPath) }
  if (spec.command !== undefined) return { ...passOn(PASSED_ON), ...forPrograms }
  // One arena for all threads: the C library would else keep up to eight a core, mostly empty.
  const idleMs = sleepsAfterMs(spec)
  const environment = {
    RUNA_BUS: busPath,
    ...privateBusesOf(spec, busPath, config.bus),
    RUNA_SERVICE: spec.name,
    ...(idleMs === undefined ? {} : { RUNA_IDLE_MS: String(idleMs) }),
    MALLOC_ARENA_MAX: '1',
  }
  const names = spec.name === 'inference' ? [...PASSED_ON, ...keyVariables(config)] : PASSED_ON
  return { ...passOn(names), ...environment, ...certificatesFor(spec, config, own) }
}

/** Whoever speaks to other people's servers needs the keys that the configuration names, and nobody else does. */
function keyVariables(config: Config): string[] {
  return config.engine.servers.flatMap(({ keyVariable }) => keyVariable ?? [])
}

function certificatesFor(spec: ServiceSpec, config: Config, own: NodeJS.ProcessEnv): Record<string, string> {
  const path = own[BIRTH.certificates]
  const speaksTls = config.engine.servers.some(({ baseUrl }) => baseUrl.startsWith('https:'))
  return spec.name === 'inference' && speaksTls && path ? { NODE_EXTRA_CA_CERTS: path } : {}
}
