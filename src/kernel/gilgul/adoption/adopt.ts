import type { Estate, EstateEntry } from '../estate/estate.ts'
import { digestOf } from '../estate/legacy.ts'
import { type Identity, signalTo } from '../identity.ts'
import type { Keeper } from '../keeping/keeper.ts'
import { adoptProcess } from '../keeping/launch.ts'
import type { Supervisor } from '../keeping/supervisor.ts'
import { endStrangers, findAdoptees } from './adoptees.ts'
import type { OrphanExits } from './orphan-exits.ts'

const STOP_MS = 6_000

export interface AdoptionOptions {
  readonly left: Estate
  readonly worldLock: string
  readonly exits: OrphanExits
  readonly supervisor: Supervisor
  /** Takes up the models that were running. */
  readonly addModel: (name: string, settings: NonNullable<EstateEntry['settings']>) => void
  /** It was started from something else than is in force now. */
  readonly onOutdated: (keeper: Keeper) => void
  /** It is ended for good. */
  readonly onUnwanted: (name: string) => void
}

/** Of one that is not wanted any more: its file is gone. */
function endForGood(process: Identity): void {
  signalTo(process, 'SIGTERM')
  setTimeout(() => signalTo(process, 'SIGKILL'), STOP_MS).unref()
}

/**
 * Takes up what a gilgul left that was killed: what lives goes on, what died meanwhile is treated as any death, with the
 * status that the ancestor took, and what belongs to nobody is ended.
 */
export async function adoptServices(options: AdoptionOptions): Promise<void> {
  const { left, worldLock, exits, supervisor, addModel, onOutdated, onUnwanted } = options
  const { adopted, strangers } = await findAdoptees(worldLock, left.services)
  endStrangers(strangers)
  for (const [name, entry] of Object.entries(left.services)) {
    if (entry.settings) addModel(name, entry.settings)
    const process = adopted.get(name) ?? entry.process
    if (process === undefined || entry.failure !== undefined) continue
    const keeper = supervisor.keepers().find(({ spec }) => spec.name === name)
    if (!keeper) {
      onUnwanted(name)
      endForGood(process)
      continue
    }
    const { logStart, readyAtMs, digest } = entry
    keeper.start({ process: adoptProcess(process, logStart, exits.of(process)), readyAtMs })
    if (digest !== digestOf(keeper.spec)) onOutdated(keeper)
  }
}
