import { join } from 'node:path'
import { packageFolder } from '#kernel/home'
import { RESTART_DEFAULT } from './keeping/restarts.ts'
import type { OwnSecret, ServiceSpec } from './spec.ts'

const MAINS = join(packageFolder(), 'dist/src')

/** A small young generation keeps a service's memory down by a quarter after work, and costs it no speed. */
const SMALL = ['--max-semi-space-size=1']

interface Row {
  readonly name: string
  readonly main: string
  readonly needs: readonly string[]
  /** Contracts whose words it may read and write, beside its own. */
  readonly speaks: readonly string[]
  readonly secrets?: readonly OwnSecret[]
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
    needs: [],
    speaks: [],
    threads: 2,
    section: 'bus.record',
  },
  {
    name: 'inference',
    main: 'engine/inference/main.js',
    needs: [],
    speaks: ['model', 'gilgul'],
    threads: 2,
  },
  { name: 'tieto', main: 'knowledge/tieto/main.js', needs: [], speaks: [], threads: 4 },
  {
    name: 'alethia',
    main: 'knowledge/alethia/main.js',
    needs: [],
    speaks: [],
    secrets: [{ name: 'alethia.master', origin: 'made', formerFile: 'alethia.key' }],
    threads: 2,
  },
  {
    name: 'snarf',
    main: 'knowledge/snarf/main.js',
    needs: [],
    speaks: [],
    secrets: [
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
    secrets: [{ name: 'conversation.moved', origin: 'kept' }],
    threads: 2,
  },
  {
    name: 'threadwell',
    main: 'face/threadwell/main.js',
    needs: ['conversation'],
    // Not gilgul: with those words one asks for the secrets of a person, and this is who the network reaches.
    speaks: ['conversation', 'tieto', 'inference', 'alethia', 'snarf'],
    secrets: [
      { name: 'threadwell.seal', origin: 'made' },
      { name: 'threadwell.sealed', origin: 'kept' },
      { name: 'http.keys', origin: 'kept' },
    ],
    threads: 4,
  },
  { name: 'nats', main: 'face/nats/main.js', needs: [], speaks: [], threads: 2, section: 'nats' },
]

const DEFAULTS = {
  kind: 'service',
  nodeFlags: SMALL,
  readyMs: 20_000,
  missedBeatsMax: 10,
  /** Longer than a service gives itself, so that only what hangs is forced. */
  stopMs: 6_000,
  restart: RESTART_DEFAULT,
} as const

/** The services of Runa, in the order in which people think of them. */
export const SERVICES: readonly ServiceSpec[] = ROWS.map(
  ({ name, main, needs, speaks, secrets = [], threads, section }) => ({
    ...DEFAULTS,
    name,
    main: join(MAINS, main),
    needs,
    speaks: [name, ...speaks],
    secrets,
    environment: { UV_THREADPOOL_SIZE: String(threads) },
    ...(section ? { section } : {}),
  }),
)

/** Reading the weights of a large model from a slow disk takes minutes, and so may its last step before it ends. */
export function modelSpec(name: string, settings: NonNullable<ServiceSpec['settings']>): ServiceSpec {
  return {
    ...DEFAULTS,
    ...{ name, kind: 'model', settings },
    main: join(MAINS, 'engine/inference/model/main.js'),
    needs: [],
    speaks: ['model'],
    secrets: [],
    environment: { RUNA_SETTINGS: JSON.stringify(settings) },
    nodeFlags: [],
    readyMs: 240_000,
    missedBeatsMax: 30,
  }
}
