import { join } from 'node:path'
import { type Probe, SERVICE_DEFAULTS, type ServiceFields } from '#kernel/config'
import { programPath } from '#kernel/home'
import { RESTART_DEFAULT } from '../keeping/restarts.ts'
import { asWritten } from './as-written.ts'
import type { OwnSecret, ServiceSpec } from './spec.ts'

const MAINS = programPath()

/**
 * A small young generation keeps a service's memory down by a quarter after work, and costs it no speed. Garbage is
 * collected when it rests, by one thread beside: each costs memory of its own. WebAssembly, which Node's own HTTP has, would else reserve 10 GB of addresses, more than a limit
 * of them may leave.
 */
const SMALL = ['--max-semi-space-size=1', '--expose-gc', '--v8-pool-size=1', '--disable-wasm-trap-handler']

/** The fields that every service has, and what only Runa's own have. */
interface Row extends ServiceFields {
  /** Also of its contract. */
  readonly name: string
  readonly main: string
  /** Contracts whose words it may read and write, beside its own. */
  readonly speaks: readonly string[]
  readonly ownSecrets?: readonly OwnSecret[]
  /** Threads for files and ciphers. */
  readonly threads: number
  /** Runs only where runa.yaml has this section, or says yes to it. */
  readonly section?: 'nats' | 'bus.record'
}

const ROWS: readonly Row[] = [
  // The first, since what is sent before it runs is not written down.
  {
    name: 'recorder',
    main: 'kernel/recorder/main.js',
    speaks: [],
    threads: 2,
    section: 'bus.record',
  },
  {
    name: 'inference',
    main: 'engine/inference/main.js',
    speaks: ['model', 'gilgul'],
    threads: 2,
  },
  { name: 'tieto', main: 'knowledge/tieto/main.js', speaks: [], threads: 4 },
  {
    name: 'alethia',
    main: 'knowledge/alethia/main.js',
    speaks: [],
    ownSecrets: [{ name: 'alethia.master', origin: 'made', formerFile: 'alethia.key' }],
    threads: 2,
  },
  {
    name: 'snarf',
    main: 'knowledge/snarf/main.js',
    speaks: [],
    start: 'on-demand',
    ownSecrets: [
      { name: 'snarf.seal', origin: 'made' },
      { name: 'snarf.sealed', origin: 'kept' },
    ],
    threads: 2,
  },
  {
    name: 'conversation',
    main: 'face/conversation/main.js',
    needs: ['inference', 'tieto'],
    speaks: ['inference', 'tieto', 'alethia', 'snarf'],
    ownSecrets: [{ name: 'conversation.moved', origin: 'kept' }],
    threads: 2,
  },
  {
    name: 'threadwell',
    main: 'face/threadwell/main.js',
    needs: ['conversation'],
    // Not gilgul: with those words one asks for the secrets of a person, and this is who the network reaches.
    speaks: ['conversation', 'tieto', 'inference', 'alethia', 'snarf'],
    ownSecrets: [
      { name: 'threadwell.seal', origin: 'made' },
      { name: 'threadwell.sealed', origin: 'kept' },
      { name: 'http.keys', origin: 'kept' },
    ],
    threads: 4,
  },
  { name: 'nats', main: 'face/nats/main.js', speaks: [], threads: 2, section: 'nats' },
]

/** What every service begins with. */
const BASE: Omit<ServiceSpec, 'name' | 'main'> = {
  kind: 'service',
  ...{ needs: [], speaks: [], secrets: [], environment: {}, nodeFlags: [] },
  ...{ readyMs: 0, stopMs: 0, restart: RESTART_DEFAULT },
  missedBeatsMax: 10,
}

/** A service as its description has it, with the defaults of all. */
export function describedService(
  { name, main }: Pick<ServiceSpec, 'name' | 'main'>,
  fields: ServiceFields,
): ServiceSpec {
  return asWritten(asWritten({ ...BASE, name, main }, SERVICE_DEFAULTS), fields)
}

/** The services of Runa, in the order in which people think of them. */
export const SERVICES: readonly ServiceSpec[] = ROWS.map(
  ({ name, main, speaks, ownSecrets = [], threads, section, ...fields }) => ({
    ...describedService(
      { name, main: join(MAINS, main) },
      { ...fields, environment: { UV_THREADPOOL_SIZE: String(threads) } },
    ),
    speaks: [name, ...speaks],
    secrets: ownSecrets,
    nodeFlags: SMALL,
    ...(section ? { section } : {}),
  }),
)

/**
 * A model that beats may still be stuck in its engine. A slow machine takes a minute for a piece of a prompt, and reads weights
 * that were driven out of memory again. It is found within two periods.
 */
const TOKEN_PROBE: Probe = { inference: true, periodSeconds: 180, timeoutSeconds: 60, failuresMax: 2 }

/** Reading the weights of a large model from a slow disk takes minutes, and so may its last step before it ends. */
export function modelSpec(name: string, settings: NonNullable<ServiceSpec['settings']>): ServiceSpec {
  const main = join(MAINS, 'engine/inference/model/main.js')
  return {
    ...describedService({ name, main }, { readySeconds: 240 }),
    liveness: TOKEN_PROBE,
    ...{ kind: 'model', settings, speaks: ['model'] },
    environment: { RUNA_SETTINGS: JSON.stringify(settings) },
    missedBeatsMax: 30,
  }
}
