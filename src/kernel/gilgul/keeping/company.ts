import type { Keeper } from './keeper.ts'
import { companionsOf } from './strategies.ts'

/** Services that are restarted because another one has died. */
export interface Company {
  /** To be called at each change of a service; undefined for one that is just being made. */
  look(keeper: Keeper | undefined): void
  /** Those that were ended for that, and are to be started once what they need runs. */
  returning(): Keeper[]
}

export function createCompany(kept: ReadonlyMap<string, Keeper>, onReturning: () => void): Company {
  const keepers = () => [...kept.values()]
  const returning = new Set<string>()
  /** Whose death was answered already. */
  const down = new Set<string>()

  function endCompanions(dead: Keeper): void {
    const names = companionsOf(
      dead.spec,
      keepers().map(({ spec }) => spec),
    )
    for (const companion of keepers().filter(({ spec }) => names.includes(spec.name))) {
      if (!['starting', 'running'].includes(companion.standing().state)) continue
      // Only then can it be started.
      void companion.stop().then(() => {
        returning.add(companion.spec.name)
        onReturning()
      })
    }
  }

  return {
    look(keeper) {
      if (!keeper) return
      const { name } = keeper.spec
      const { state } = keeper.standing()
      if (state === 'starting') returning.delete(name)
      if (state !== 'backoff') return void down.delete(name)
      if (down.has(name)) return
      down.add(name)
      endCompanions(keeper)
    },
    returning: () =>
      keepers().filter(({ spec, standing }) => returning.has(spec.name) && standing().state === 'stopped'),
  }
}
