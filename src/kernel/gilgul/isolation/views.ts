import { existsSync } from 'node:fs'
import { dirname, join, resolve } from 'node:path'
import type { Config } from '#kernel/config'
import { type HomePaths, packageFolder } from '#kernel/home'
import type { ServiceSpec } from '../spec/spec.ts'
import { SETTINGS, SETTINGS_OF_NETWORK, SYSTEM } from './system-places.ts'

/** What a service of Runa itself has to reach. Paths are absolute. */
export interface View {
  readonly read: readonly string[]
  readonly write: readonly string[]
  /** Files that it adds to. They are begun empty where they are missing. */
  readonly journals: readonly string[]
  readonly devices: readonly string[]
  readonly network: boolean
  /** Whether it is kept to this without a word of the owner: it meets files of strangers, or the network. */
  readonly isDefault: boolean
}

export interface ViewOptions {
  readonly paths: HomePaths
  readonly config: Pick<Config, 'engine' | 'nats'>
  /** All buses of this world lie in its folder. */
  readonly busPath: string
}

type Need = (options: ViewOptions) => Partial<View>

/** It costs each some 60 ms of its start, so that those who meet nobody are not shut in unasked. */
const MEETS_STRANGERS = ['inference', 'tieto', 'threadwell', 'nats']

/** Documents of the owner lie anywhere. */
const ANYWHERE = ['/']

/** Of the home, and of the network. What is not named here has neither. */
const NEEDS: Readonly<Record<string, Need>> = {
  recorder: ({ paths }) => ({ write: [paths.record] }),
  // Models are taken from wherever the owner has them, and tried in a process that it starts.
  inference: ({ paths, config: { engine } }) => ({
    read: ANYWHERE,
    write: [paths.models],
    journals: [paths.ledger],
    devices: engine.gpu === 'off' ? [] : GRAPHICS.devices,
    network: engine.servers.length > 0,
  }),
  tieto: ({ paths }) => ({ read: ANYWHERE, write: [paths.topics, paths.uploads] }),
  alethia: ({ paths }) => ({ write: [paths.memory] }),
  snarf: ({ paths }) => ({ write: [paths.profile] }),
  conversation: ({ paths }) => ({ read: [paths.personas], write: [paths.threads] }),
  threadwell: ({ paths }) => ({
    write: [
      paths.boards,
      paths.uploads,
      paths.page,
      join(paths.run, 'threadwell'),
      ...former(join(paths.home, 'keys.json')),
    ],
    network: true,
  }),
  nats: ({ paths, config }) => ({
    read: config.nats?.credentialsFile ? [resolve(paths.home, config.nats.credentialsFile)] : [],
    network: true,
  }),
}

/** Of a graphics processor: its devices, and libraries that its maker puts elsewhere. Untested. */
const GRAPHICS = {
  read: ['/opt', '/etc/vulkan', '/etc/OpenCL', '/run/nvidia-persistenced'],
  devices: [
    '/dev/dri',
    '/dev/kfd',
    '/dev/nvidiactl',
    '/dev/nvidia-uvm',
    '/dev/nvidia-uvm-tools',
    '/dev/nvidia-modeset',
    ...Array.from({ length: 16 }, (_, number) => `/dev/nvidia${number}`),
  ],
}

/** A model reads its own file alone, and writes down how many threads serve it best. */
function needOfModel(settings: NonNullable<ServiceSpec['settings']>, paths: HomePaths): Partial<View> {
  const { path, gpu } = settings
  return {
    read: [
      ...(typeof path === 'string' ? [path] : []),
      paths.policies,
      ...(gpu === 'off' ? [] : GRAPHICS.read),
    ],
    write: [join(paths.models, 'threads')],
    devices: gpu === 'off' ? [] : GRAPHICS.devices,
  }
}

/** A file of an earlier version is taken over and removed, once, for which its folder has to be open. */
function former(path: string): string[] {
  return existsSync(path) ? [dirname(path)] : []
}

/** Undefined of programs that are not Runa's own. */
export function viewOf(spec: ServiceSpec, options: ViewOptions): View | undefined {
  if (spec.replacedBy !== undefined || spec.command !== undefined) return undefined
  const { paths, busPath } = options
  const need = spec.settings ? needOfModel(spec.settings, paths) : (NEEDS[spec.name]?.(options) ?? {})
  const { read = [], write = [], journals = [], devices = [], network = false } = need
  return {
    read: [
      ...[...SYSTEM, ...SETTINGS, ...(network ? SETTINGS_OF_NETWORK : []), '/proc', '/sys'],
      ...[...codeFolders(), paths.config],
      ...read,
    ],
    write: [dirname(busPath), ...write],
    journals,
    devices: ['/dev/null', '/dev/zero', '/dev/full', '/dev/random', '/dev/urandom', ...devices],
    network,
    isDefault: spec.settings !== undefined || MEETS_STRANGERS.includes(spec.name),
  }
}

/** The package, and what it needs: of an installed one, that lies beside it. */
function codeFolders(): string[] {
  const beside = dirname(packageFolder())
  return [packageFolder(), ...(beside.endsWith('/node_modules') ? [beside] : [])]
}
