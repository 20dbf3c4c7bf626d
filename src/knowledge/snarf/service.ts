import type { Handlers, snarfContract } from '#protocol'
import type { Snarf } from './snarf.ts'

/** The library behind the contract. Whoever changes something is shown what it is now. */
export function createSnarfHandlers(snarf: Snarf): Handlers<typeof snarfContract> {
  const changed = async (change: Promise<void>) => {
    await change
    return snarf.profile()
  }
  return {
    agree: ({ to }) => changed(snarf.agree(to)),
    observe: ({ message, turn }) => snarf.observe(message, turn),
    profile: async () => snarf.profile(),
    explain: async ({ dimension }) => snarf.explain(dimension),
    set: (input) => changed(snarf.set(input)),
    lock: ({ dimensions, locked }) => changed(snarf.lock(dimensions, locked)),
    pause: ({ paused }) => changed(snarf.pause(paused)),
    reset: (input) => changed(snarf.reset(input)),
    forget: ({ turns }) => changed(snarf.forget(turns)),
    turns: async () => ({ turns: snarf.turns() }),
    export: async () => ({ profile: snarf.export() }),
    plan: async (input) => snarf.plan(input),
  }
}
