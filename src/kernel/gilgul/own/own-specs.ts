import { milliseconds, type OwnService } from '#kernel/config'
import type { ServiceSpec } from '../spec.ts'

const BEAT_MS = 1_000

/** What gilgul has to know of the owner's own services. */
export function ownSpecs(services: readonly OwnService[]): ServiceSpec[] {
  return services.map(({ name, command, needs, environment, restart, group, limits, probe, ...times }) => ({
    ...{ name, kind: 'service', main: command[0] ?? '', command, needs, environment },
    ...{ speaks: [], secrets: [], nodeFlags: [] },
    readyMs: milliseconds(times.readySeconds),
    stopMs: milliseconds(times.stopSeconds),
    missedBeatsMax: probe === undefined ? 10 : beatsOf(probe),
    restart: {
      pauseFirstMs: milliseconds(restart.pauseFirstSeconds),
      pauseMaxMs: milliseconds(restart.pauseMaxSeconds),
      healthyMs: milliseconds(restart.healthySeconds),
      deathsMax: restart.deathsMax,
      windowMs: milliseconds(restart.windowSeconds),
      failedStartsMax: restart.failedStartsMax,
    },
    ...(probe && { probe }),
    ...(group && { group }),
    ...(limits && { limits }),
  }))
}

/** So long may no probe have been answered, in beats of gilgul: the failures that are borne, and the last of them to its end. */
function beatsOf({
  periodSeconds,
  timeoutSeconds,
  failuresMax,
}: Pick<NonNullable<OwnService['probe']>, 'periodSeconds' | 'timeoutSeconds' | 'failuresMax'>): number {
  return Math.ceil((milliseconds(periodSeconds * (failuresMax + 1) + timeoutSeconds) + BEAT_MS) / BEAT_MS)
}
