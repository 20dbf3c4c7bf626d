import { createHash } from 'node:crypto'
import { basename } from 'node:path'
import {
  type Config,
  checkConfig,
  describeMistake,
  joinMistakes,
  type Mistake,
  mistakesInNeeds,
  type Needing,
  type OwnService,
  type ReadService,
  readOwnService,
  readOwnServices,
  type YamlFile,
} from '#kernel/config'
import type { HomePaths } from '#kernel/home'
import { RunaError } from '#protocol'
import { grantedBy } from '../secrets/grants.ts'
import { changeServices, changesOf, missingPrograms } from '../spec/replacement.ts'
import { SERVICES } from '../spec/service-table.ts'
import type { ServiceSpec } from '../spec/spec.ts'
import { ownSpecs } from './own-specs.ts'

/** Names of Runa's own services, and of what must not be taken for one. */
const TAKEN = [...SERVICES.map(({ name }) => name), 'model', 'gilgul', 'coven', 'ancestor']

/** What the files say. */
export interface Written {
  readonly config: Config
  readonly own: readonly OwnService[]
}

export interface Plan {
  readonly config: Config
  readonly ofRuna: readonly ServiceSpec[]
  readonly own: readonly ServiceSpec[]
  /** Of all that a gilgul does by these files. */
  readonly digest: string
  readonly written: Written
}

/** What runa.yaml and `services/*.yaml` want. Rejects with CONFIG_INVALID, which names every mistake with its place. */
export async function readPlan(paths: HomePaths, services: readonly ServiceSpec[] = SERVICES): Promise<Plan> {
  const { config, read, mistakes } = await lookThrough(paths)
  if (config !== undefined && mistakes.length === 0)
    return planOf({ config, own: read.flatMap(({ service }) => service ?? []) }, services)
  throw new RunaError('CONFIG_INVALID', joinMistakes(mistakes.map(describeMistake)))
}

export function planOf(written: Written, services: readonly ServiceSpec[]): Plan {
  const { config, own } = written
  const changed = changeServices(services.filter(isWanted(config)), config.services)
  const ofRuna = changed.map((spec) => grantedBy(spec, config))
  const described = ownSpecs(own)
  const heeded = [ofRuna, described, config.services.model, config.gilgul]
  const digest = createHash('sha256').update(JSON.stringify(heeded)).digest('base64url')
  return { config, ofRuna, own: described, digest, written }
}

/** Some services are there only for who has asked for them. */
function isWanted(config: Config): (service: ServiceSpec) => boolean {
  const wishes = { nats: config.nats !== undefined, 'bus.record': config.bus.record }
  return ({ section }) => section === undefined || wishes[section]
}

export interface Checked {
  /** Of the owner's services that could be read. */
  readonly names: readonly string[]
  readonly mistakes: readonly Mistake[]
}

/** The same, without an end at the first mistake, and without anything running. */
export async function checkPlan(paths: HomePaths): Promise<Checked> {
  const { read, mistakes } = await lookThrough(paths)
  return { names: namesIn(read), mistakes }
}

/** Of files anywhere: each is read as runa.yaml where it has that name, else as one of a service. */
export async function checkFiles(files: readonly string[], paths: HomePaths): Promise<Checked> {
  const [configs, services] = [files.filter(isConfig), files.filter((file) => !isConfig(file))]
  const checked = await Promise.all(configs.map((file) => checkGivenConfig(file, paths)))
  const read = await Promise.all(services.map((file) => readOwnService(file, TAKEN)))
  const mistakes = [...checked.flat(), ...read.flatMap((one) => one.mistakes)]
  if (mistakes.length > 0) return { names: namesIn(read), mistakes }
  // They may need one another, or those that are there already.
  const there = await readOwnServices(paths.home, TAKEN)
  const known = there.read.flatMap(({ service }) => service ?? [])
  const others = known.filter(({ name }) => !namesIn(read).includes(name))
  return { names: namesIn(read), mistakes: mistakesInNeeds(read, [...others, ...SERVICES]) }
}

interface LookedThrough {
  readonly config: Config | undefined
  readonly read: readonly ReadService[]
  readonly mistakes: readonly Mistake[]
}

async function lookThrough(paths: HomePaths): Promise<LookedThrough> {
  const file = await checkConfig(paths.config)
  const own = await readOwnServices(paths.home, TAKEN)
  const unreadable = [...file.mistakes, ...own.mistakes]
  const { value: config } = file
  // What hangs together can only be looked for where all could be read.
  if (config === undefined || unreadable.length > 0) return { config, read: own.read, mistakes: unreadable }
  const ofRuna = SERVICES.map((spec) => changedNeeds(spec, file))
  const mistakes = [...mistakesInNeeds([...own.read, ...ofRuna], []), ...mistakesInPrograms(file, paths)]
  return { config, read: own.read, mistakes }
}

/** With what runa.yaml adds to them; a mistake is told where it says so. */
function changedNeeds({ name, needs }: ServiceSpec, { value, at }: YamlFile<Config>) {
  const added = (value && changesOf(name, value.services)?.needs) ?? []
  const service: Needing = { name, needs: [...added, ...needs] }
  const place: ReadService['at'] = (setting, text) => at(['services', name, ...setting], text)
  return { service, at: place }
}

async function checkGivenConfig(file: string, paths: HomePaths): Promise<readonly Mistake[]> {
  const checked = await checkConfig(file)
  return [...checked.mistakes, ...mistakesInPrograms(checked, paths)]
}

function mistakesInPrograms({ value, at }: YamlFile<Config>, paths: HomePaths): Mistake[] {
  const places = { folder: paths.home, searchPath: process.env['PATH'] ?? '' }
  return missingPrograms(value?.services ?? {}, places).map(({ name, program }) =>
    at(['services', name, 'command'], `there is no program '${program}' that can be run`),
  )
}

function isConfig(file: string): boolean {
  return basename(file) === 'runa.yaml'
}

function namesIn(read: readonly ReadService[]): string[] {
  return read.flatMap(({ service }) => service?.name ?? [])
}
