import { createHash } from 'node:crypto'
import type { Keeper } from '../keeping/keeper.ts'
import { type ServiceSpec, sleepsAfterMs } from '../spec/spec.ts'
import type { Estate } from './estate.ts'

/** What is to be known of these services after gilgul's death. */
export function legacyOf(keepers: readonly Keeper[]): Estate['services'] {
  return Object.fromEntries(
    keepers.filter(isWanted).map((keeper) => {
      const { name, settings } = keeper.spec
      return [name, { ...keeper.legacy(), digest: digestOf(keeper.spec), ...(settings ? { settings } : {}) }]
    }),
  )
}

/** A model that was stopped is not to be started again. */
function isWanted({ spec, standing }: Keeper): boolean {
  return spec.kind === 'service' || standing().state !== 'stopped'
}

/** Of all that a process is started from. How it is watched may change without it. */
export function digestOf(spec: ServiceSpec): string {
  const { main, command, nodeFlags, environment, speaks, settings, replacedBy, isolation, limits } = spec
  const started = { main, command, nodeFlags, environment, speaks, settings, replacedBy, isolation, limits }
  const idleMs = sleepsAfterMs(spec)
  return createHash('sha256')
    .update(JSON.stringify({ ...started, idleMs }))
    .digest('base64url')
}
