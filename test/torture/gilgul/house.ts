import type { ServiceSpec } from '../../../src/kernel/gilgul/spec.ts'

/** A storm of deaths would have them given up within seconds. What that looks like is tried elsewhere. */
const PATIENT = {
  pauseFirstMs: 10,
  pauseMaxMs: 50,
  healthyMs: 100,
  deathsMax: 100_000,
  windowMs: 60_000,
  failedStartsMax: 100_000,
}

export const SERVICE_NAMES = Array.from({ length: 12 }, (_, index) => `service-${index + 1}`)
/** Silence for so many beats of a second is taken for a hang. */
export const PROBE_BEATS = 5

/** A dozen services that do nothing but live, and need each other as those of Runa do. */
export const SERVICES: readonly ServiceSpec[] = SERVICE_NAMES.map((name, index) => ({
  name,
  kind: 'service',
  main: new URL('service-worker.js', import.meta.url).pathname,
  needs: index % 4 === 3 ? [`service-${index}`] : [],
  speaks: [name],
  secrets: [{ name: `${name}.seal`, origin: 'made' }],
  environment: {},
  nodeFlags: ['--max-semi-space-size=1'],
  readyMs: 60_000,
  missedBeatsMax: PROBE_BEATS,
  stopMs: 6_000,
  restart: PATIENT,
}))

export const ANCESTOR_RESTART = PATIENT
