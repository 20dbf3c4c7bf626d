import type { Rousing } from '#kernel/service'
import type { ServiceState } from '#protocol'
import { sleepsAfterMs } from '../spec/spec.ts'
import type { Keeper } from './keeper.ts'
import type { Supervisor } from './supervisor.ts'

export interface Sleepers {
  /** To be called at each change of a service. */
  look(keeper: Keeper): void
  end(): void
}

/** In these nobody waits for it: it will not come before a person does something about it. */
const IN_VAIN: readonly ServiceState[] = ['failed', 'stopping', 'stopped']

/** Starts services that sleep when somebody calls them, also where that was while there was no gilgul. */
export function tendSleepers(supervisor: Pick<Supervisor, 'keepers'>, rousing: Rousing): Sleepers {
  function look({ spec, standing, rouse }: Keeper): void {
    const { name } = spec
    if (sleepsAfterMs(spec) === undefined) return
    rousing.allow(name, !IN_VAIN.includes(standing().state))
    if (standing().state === 'asleep' && rousing.isWanted(name)) rouse()
  }

  const endWatch = rousing.watch((name) => {
    const keeper = supervisor.keepers().find(({ spec }) => spec.name === name)
    if (keeper) look(keeper)
  })
  return { look, end: endWatch }
}
