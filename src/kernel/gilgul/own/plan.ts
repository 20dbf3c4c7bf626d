import { type Config, loadConfig, loadOwnServices, type Mistake, readOwnServices } from '#kernel/config'
import type { HomePaths } from '#kernel/home'
import { changeServices } from '../replacement.ts'
import { SERVICES } from '../service-table.ts'
import type { ServiceSpec } from '../spec.ts'
import { ownSpecs } from './own-specs.ts'

/** Names of Runa's own services, and of what must not be taken for one. */
const TAKEN = [...SERVICES.map(({ name }) => name), 'gilgul', 'coven', 'ancestor']

export interface Plan {
  readonly config: Config
  readonly own: readonly ServiceSpec[]
}

/** What runa.yaml and `services/*.yaml` want. Rejects with CONFIG_INVALID, which names every mistake with its place. */
export async function readPlan(paths: HomePaths): Promise<Plan> {
  const config = await loadConfig(paths.config)
  return { config, own: ownSpecs(await loadOwnServices(paths.home, TAKEN)) }
}

/** Runa's own services as runa.yaml wants them. Rejects as `changeServices`. */
export async function changeAsPlanned(
  services: readonly ServiceSpec[],
  { services: wanted }: Config,
  paths: HomePaths,
): Promise<ServiceSpec[]> {
  const searchPath = process.env['PATH'] ?? ''
  return await changeServices(services, {
    ...{ services: wanted, configPath: paths.config, folder: paths.home, searchPath },
  })
}

/** Rejects with CONFIG_INVALID where a gilgul could not begin with what is written now. */
export async function requirePlan(paths: HomePaths): Promise<void> {
  const { config } = await readPlan(paths)
  await changeAsPlanned(SERVICES, config, paths)
}

export interface Checked {
  /** Of the owner's services that are right. */
  readonly names: readonly string[]
  readonly mistakes: readonly Mistake[]
  /** What is wrong with runa.yaml, in a sentence with its line. */
  readonly fault: string | undefined
}

/** The same, without an end at the first mistake, and without anything running. */
export async function checkPlan(paths: HomePaths): Promise<Checked> {
  const { services, mistakes } = await readOwnServices(paths.home, TAKEN)
  const fault = await loadConfig(paths.config)
    .then((config) => changeAsPlanned(SERVICES, config, paths))
    .then(
      () => undefined,
      (error: unknown) => (error instanceof Error ? error.message : String(error)),
    )
  return { names: services.map(({ name }) => name), mistakes, fault }
}
