import type { ServiceSpec } from '../../../src/kernel/gilgul/spec/spec.ts'

/** A storm of deaths would have them given up within seconds. What that looks like is tried elsewhere. */
const PATIENT = {
  pauseFirstMs: 10,
  pauseMaxMs: 50,
  healthyMs: 100,
  deathsMax: 100_000,
  windowMs: 60_000,
  failedStartsMax: 100_000,
}

const BUS_NAMES = Array.from({ length: 12 }, (_, index) => `service-${index + 1}`)
/** Contracts that a program behind a bridge can serve. */
const BRIDGED_NAMES = ['tieto', 'inference']
/** Programs that know nothing of Runa, and answer over HTTP. */
export const WEB_NAMES = ['web-1', 'web-2']
export const SERVICE_NAMES = [...BUS_NAMES, ...BRIDGED_NAMES, ...WEB_NAMES]
/** It sleeps until it is called. */
export const SLEEPER = 'sleeper'
/** Silence for so many beats of a second is taken for a hang. */
export const PROBE_BEATS = 5

function service(name: string, main: string, changes: Partial<ServiceSpec> = {}): ServiceSpec {
  return {
    name,
    kind: 'service',
    main: mainOf(main),
    needs: [],
    speaks: [name],
    secrets: [],
    environment: {},
    nodeFlags: ['--max-semi-space-size=1'],
    readyMs: 60_000,
    missedBeatsMax: PROBE_BEATS,
    stopMs: 6_000,
    restart: PATIENT,
    ...changes,
  }
}

/** A dozen services that do nothing but live, and need each other as those of Runa do; those that stand for others; one that sleeps. */
export const SERVICES: readonly ServiceSpec[] = [
  ...BUS_NAMES.map((name, index) =>
    service(name, 'service-worker.js', {
      needs: index % 4 === 3 ? [`service-${index}`] : [],
      secrets: [{ name: `${name}.seal`, origin: 'made' }],
    }),
  ),
  ...BRIDGED_NAMES.map((name) => service(name, 'program-worker.js')),
  service(SLEEPER, 'sleeper-worker.js', { start: 'on-demand', idleMs: 300 }),
]

function mainOf(file: string): string {
  return new URL(file, import.meta.url).pathname
}

/** runa.yaml of this house, which has programs in the place of two services. */
export function configOf(): string {
  const commands = BRIDGED_NAMES.map((name) => {
    const command = JSON.stringify([process.execPath, mainOf('program-worker.js'), name])
    return `  ${name}: { command: ${command} }\n`
  })
  return ['bus: { sizeBytes: 33554432 }\n', 'policy: { enabled: false }\n', 'services:\n', ...commands].join(
    '',
  )
}

/** `services/NAME.yaml` of one that answers on that port. */
export function webOf(name: string, port: number): string {
  const restart = { pauseFirstSeconds: 0.01, pauseMaxSeconds: 0.05, healthySeconds: 0.1 }
  return JSON.stringify({
    command: [process.execPath, mainOf('web-worker.js'), name, String(port)],
    liveness: { http: { port }, periodSeconds: PROBE_BEATS, timeoutSeconds: 1, failuresMax: 1 },
    readySeconds: 60,
    restart: { ...restart, deathsMax: 1_000, failedStartsMax: 100 },
  })
}

export const ANCESTOR_RESTART = PATIENT
