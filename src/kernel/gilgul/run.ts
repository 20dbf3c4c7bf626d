import { rm } from 'node:fs/promises'
import { type CovenClient, meetCoven } from '#kernel/coven'
import { homePaths } from '#kernel/home'
import { gilgulContract, modelContract, RunaError, threadwellContract } from '#protocol'
import { BIRTH } from './ancestry/birth-names.ts'
import { HOLDING_FDS } from './ancestry/holdings.ts'
import { readEstate } from './estate/estate.ts'
import { openEstateMemory } from './estate/memory.ts'
import { govern } from './govern.ts'
import { note } from './note.ts'
import { readStandingPlan } from './own/last-plan.ts'
import type { RunOptions } from './realm.ts'
import { readRunState, runFiles } from './run-state/run-state.ts'
import { openServiceSecrets } from './secrets/service-secrets.ts'
import { changeModel } from './spec/replacement.ts'
import type { ServiceSpec } from './spec/spec.ts'
import { type Door, openDoor } from './world/door.ts'
import { enterWorld } from './world/entry.ts'
import { lockHome } from './world/lock.ts'

/** gilgul serves the one contract, and asks the other for the address of the page. */
const OWN_WORDS = [gilgulContract.name, threadwellContract.name]
const UNSEALED =
  'Warning: bus.sealed is false in runa.yaml. While Runa runs, every program of yours can read what is said.'

/**
 * The life of one gilgul: it makes sure that nothing of an earlier one is left, makes a bus, starts the services, and
 * ends them again. Rejects with a RunaError that says why it cannot start.
 */
export async function runGilgul(options: RunOptions): Promise<void> {
  if (process.env[BIRTH.held] === undefined)
    throw new RunaError('NOT_RUNNING', 'gilgul is started by `runa up`, not by hand.')
  const coven = process.env[BIRTH.coven] === undefined ? undefined : await meetAncestor()
  const paths = homePaths()
  const before = readRunState(runFiles(paths).state)
  await lockHome(HOLDING_FDS.lock, before)
  const plan = await readStandingPlan(paths, options.services, hasEstate())
  const { config, ofRuna, own } = plan
  const world = await enterWorld({
    paths,
    config,
    before,
    ownWords: OWN_WORDS,
    note: (text) => note('world', text),
  })
  // What runs in a world that was there before is not left without one because this gilgul fails.
  let isOver = world.left === undefined
  let door: Door | undefined
  try {
    const { bus, words } = world
    if (bus.seals === 'nothing') options.report({ kind: 'progress', text: UNSEALED })
    door = await openDoor(bus.path, words.keysOf(contractsOf(options.services)))
    const secrets = await openServiceSecrets({
      ...{
        coven,
        services: [...ofRuna, ...own],
        vaultFolder: paths.vault,
        worldIdentityOf: words.identityOf,
      },
      note: (text) => note('secrets', text),
      left: world.left?.leases ?? [],
    })
    isOver = true
    const services = [...ofRuna, ...own]
    const modelSpec: RunOptions['modelSpec'] = (name, settings) =>
      changeModel(options.modelSpec(name, settings), config.services)
    await govern({ ...options, services, modelSpec }, { ...world, secrets, config, plan, before, paths })
  } finally {
    await door?.close()
    if (isOver) await rm(world.busFolder, { recursive: true, force: true })
  }
}

/** An earlier gilgul has made a world. */
function hasEstate(): boolean {
  return readEstate(openEstateMemory(HOLDING_FDS.estate)) !== undefined
}

/** Every contract whose words there are keys for. Models are started later, and have one contract. */
function contractsOf(services: readonly ServiceSpec[]): string[] {
  return [...new Set([...OWN_WORDS, modelContract.name, ...services.flatMap(({ speaks }) => speaks)])]
}

/** Before anything else: a gilgul that coven did not start makes nothing and ends nothing. */
async function meetAncestor(): Promise<CovenClient> {
  const { coven, session } = await meetCoven()
  void session.ended.then((fault) => note('coven', fault?.message ?? 'The link to coven was closed.'))
  return coven
}
