import { dirname, join } from 'node:path'
import type { Config } from '#kernel/config'
import type { HomePaths } from '#kernel/home'
import { createKey } from '#kernel/seal'
import { attachBus, type Bus } from '#kernel/splinter'
import { HOLDING_FDS } from '../ancestry/holdings.ts'
import { type Estate, readEstate, writeEstate } from '../estate/estate.ts'
import { openEstateMemory } from '../estate/memory.ts'
import type { RunState } from '../run-state/run-state.ts'
import { runFiles } from '../run-state/run-state.ts'
import { createBuses } from './buses.ts'
import { createWords, type Words } from './words.ts'
import { busFolder, enterNewWorld, freshBusFolder } from './world.ts'

/** The bus, its keys, and what was running on it. */
export interface World {
  readonly busFolder: string
  readonly bus: Bus
  readonly words: Words
  /** What the last gilgul left; undefined in a new world. */
  readonly left: Estate | undefined
  /** To be called at each change. Throws SERVICE_FAILED where there is too much to note. */
  leave(estate: Omit<Estate, 'bus' | 'busSealed'>): void
}

export interface EntryOptions {
  readonly paths: HomePaths
  readonly config: Config
  readonly before: RunState | undefined
  /** Contracts that gilgul itself speaks. */
  readonly ownWords: readonly string[]
  readonly note: (text: string) => void
}

/** Goes on in the world of the last gilgul, or makes a new one where there is none that can be gone on with. */
export async function enterWorld(options: EntryOptions): Promise<World> {
  const memory = openEstateMemory(HOLDING_FDS.estate)
  const { bus, words, left, folder } = goOn(options) ?? (await begin(options))
  const constant = { bus: bus.path, busSealed: bus.seals !== 'nothing' }
  return {
    ...{ bus, words, left, busFolder: folder },
    leave: (estate) => writeEstate(memory, { ...constant, ...estate }),
  }
}

interface Entered {
  readonly folder: string
  readonly bus: Bus
  readonly words: Words
  readonly left: Estate | undefined
}

function goOn({ ownWords, note }: EntryOptions): Entered | undefined {
  const memory = openEstateMemory(HOLDING_FDS.estate)
  const [left, root] = [readEstate(memory), memory.readRoot()]
  if (!left || !root) return undefined
  const words = createWords(root, { sealed: left.busSealed })
  try {
    const bus = attachBus(left.bus, { name: 'gilgul', words: words.keysOf(ownWords) })
    return { bus, words, left, folder: dirname(left.bus) }
  } catch (error) {
    note(`The bus of the last gilgul cannot be used: ${error instanceof Error ? error.message : error}`)
    return undefined
  }
}

/** Noted in the estate once all of it is there: a gilgul that is killed before has made nothing. */
async function begin({ paths, config, before, ownWords }: EntryOptions): Promise<Entered> {
  await enterNewWorld(HOLDING_FDS.world, runFiles(paths).worldLock, before)
  const folder = busFolder(config.bus.folder, paths.home)
  await freshBusFolder(folder)
  const root = createKey()
  const words = createWords(root, config.bus)
  const path = join(folder, 'bus')
  createBuses(path, config.bus, words)
  const bus = attachBus(path, { name: 'gilgul', words: words.keysOf(ownWords) })
  const memory = openEstateMemory(HOLDING_FDS.estate)
  memory.writeRoot(root)
  writeEstate(memory, { bus: path, busSealed: bus.seals !== 'nothing', stopping: false, services: {} })
  return { folder, bus, words, left: undefined }
}
