import { milliseconds, type ServiceChanges, type ServiceFields } from '#kernel/config'
import type { RestartPolicy } from '../keeping/restarts.ts'
import type { ServiceSpec } from './spec.ts'

/** A service with what a description says of it; whatever that leaves out is as it was. */
export function asWritten(
  spec: ServiceSpec,
  written: ServiceFields & Pick<ServiceChanges, 'silenceSeconds'>,
): ServiceSpec {
  const { needs = [], environment = {}, restart = {}, secrets = [], silenceSeconds } = written
  const { readySeconds, stopSeconds, idleSeconds, ...rest } = written
  const { readiness, liveness, onFailure, group, start, memoryBytes, limits, isolation } = rest
  return {
    ...spec,
    needs: [...new Set([...spec.needs, ...needs])],
    environment: { ...spec.environment, ...environment },
    restart: { ...spec.restart, ...policyOf(restart) },
    grants: [...new Set([...(spec.grants ?? []), ...secrets])],
    ...given({ readiness, liveness, onFailure, group, start, memoryBytes, limits, isolation }),
    ...given({
      readyMs: inMs(readySeconds),
      stopMs: inMs(stopSeconds),
      idleMs: inMs(idleSeconds),
      missedBeatsMax: silenceSeconds,
    }),
  }
}

function policyOf(restart: NonNullable<ServiceFields['restart']>): Partial<RestartPolicy> {
  const { pauseFirstSeconds, pauseMaxSeconds, healthySeconds, windowSeconds } = restart
  const { deathsMax, failedStartsMax } = restart
  return given({
    pauseFirstMs: inMs(pauseFirstSeconds),
    pauseMaxMs: inMs(pauseMaxSeconds),
    healthyMs: inMs(healthySeconds),
    windowMs: inMs(windowSeconds),
    deathsMax,
    failedStartsMax,
  })
}

function inMs(inSeconds: number | undefined): number | undefined {
  return inSeconds === undefined ? undefined : milliseconds(inSeconds)
}

type Given<Fields> = { [Name in keyof Fields]?: Exclude<Fields[Name], undefined> }

/** Without what was left out, which would else hide what was there before. */
function given<Fields extends object>(fields: Fields): Given<Fields> {
  return Object.fromEntries(
    Object.entries(fields).filter(([, value]) => value !== undefined),
  ) as Given<Fields>
}
