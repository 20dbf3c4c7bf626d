import { call, type Transport } from '#kernel/service'
import { modelContract } from '#protocol'
import type { Told } from '../history/history.ts'
import { logPath } from '../keeping/launch.ts'
import type { Supervisor, SupervisorOptions } from '../keeping/supervisor.ts'
import type { Realm } from '../realm.ts'
import type { ServiceSpec } from '../spec/spec.ts'
import { environmentOf } from '../world/environment.ts'
import { startProbing } from './probing.ts'
import { runRepair } from './run-repair.ts'

/** Begins to ask services whether they are well. Returns how to end it. */
export function probeHere(realm: Realm, transport: Transport, keepers: Supervisor['keepers']): () => void {
  return startProbing({
    keepers,
    surroundings: ({ spec }) => ({
      ...surroundingsOf(realm, spec),
      async infer(timeoutMs) {
        // Who beats no more is found by that.
        const model = call(modelContract, transport, { service: spec.name, silenceMs: 2 * timeoutMs })
        await model.prove({}, { timeoutMs })
      },
    }),
  })
}

/** Runs programs that descriptions name for a death, and tells what became of them. */
export function repairHere(
  realm: Realm,
  tell: (told: Told) => void,
): NonNullable<SupervisorOptions['runRepair']> {
  return async (spec, repair, why) => {
    const { name } = spec
    const surroundings = { ...surroundingsOf(realm, spec), logPath: logPath(realm.paths.logs, name), ...why }
    const text = await runRepair(repair, surroundings)
    tell({ kind: 'repaired', service: name, text, cause: why.cause })
  }
}

/** Of programs that are run for a service. They are not kept apart as it is. */
function surroundingsOf({ paths, config, bus }: Realm, spec: ServiceSpec) {
  const environment = environmentOf(spec, { config, busPath: bus.path, own: process.env })
  return { folder: paths.home, environment: { ...environment, ...spec.environment } }
}
