import {
  type CovenState,
  type gilgulContract,
  type Handlers,
  RunaError,
  type SecretMemoryState,
  type ServiceStatus,
} from '#protocol'
import type { Admission } from './admission/admission.ts'
import type { Heeding } from './heeding.ts'
import type { Confining } from './isolation/confining.ts'
import type { Keeper } from './keeping/keeper.ts'
import { memoryBytesOf, memoryBytesWithChildren } from './keeping/memory-use.ts'
import type { Supervisor } from './keeping/supervisor.ts'
import type { AllSecretHandlers } from './secrets/service-secrets.ts'
import type { ServiceSpec } from './spec/spec.ts'

export interface GilgulOptions {
  readonly supervisor: Supervisor
  readonly modelSpec: (name: string, settings: NonNullable<ServiceSpec['settings']>) => ServiceSpec
  /** How often the ancestor had to start gilgul anew. */
  readonly restarts: number
  /** Milliseconds since 1970. */
  readonly startedAt: number
  readonly busSealed: boolean
  readonly covenState: () => CovenState
  readonly secretMemory: () => Promise<SecretMemoryState | undefined>
  /** Why a service cannot be started for now; undefined where it can. */
  readonly held: (spec: ServiceSpec) => string | undefined
  readonly describe: Confining['describe']
  readonly shutDown: () => void
  readonly heeding: Pick<Heeding, 'apply' | 'fault'>
  readonly admission: Pick<Admission, 'admit'>
  readonly secrets: AllSecretHandlers
}

export function createGilgul(options: GilgulOptions): Handlers<typeof gilgulContract> {
  const { supervisor, modelSpec, restarts, startedAt, busSealed, covenState, shutDown, secrets, admission } =
    options
  const statusOf = (keeper: Keeper) => describeKeeper(keeper, options.describe)
  const startedMs = performance.now()

  async function own(): Promise<ServiceStatus> {
    return {
      name: 'gilgul',
      state: 'running',
      reason: 'It starts and watches all others.',
      pid: process.pid,
      restarts,
      uptimeMs: Math.round(performance.now() - startedMs),
      memoryBytes: await memoryBytesOf(process.pid),
      needs: [],
    }
  }

  return {
    async status() {
      const services = await Promise.all([own(), ...supervisor.keepers().map(statusOf)])
      const secretMemory = await options.secretMemory()
      const coven = { coven: covenState(), ...(secretMemory ? { secretMemory } : {}) }
      const fault = options.heeding.fault()
      return { services, startedAt, busSealed, ...coven, ...(fault === undefined ? {} : { fault }) }
    },
    async startModel({ name, settings }) {
      const known = supervisor.keepers().find(({ spec }) => spec.name === name)
      // One that was given up may have been given what there is no memory for any more.
      const isOver = known?.spec.kind === 'model' && ['failed', 'stopped'].includes(known.standing().state)
      const granted = known && !isOver ? settings : admission.admit(name, settings)
      if (isOver) await supervisor.remove(name)
      const keeper = supervisor.add(modelSpec(name, granted))
      keeper.start()
      await keeper.running()
      return await statusOf(keeper)
    },
    async stopModel({ name }) {
      await supervisor.remove(name)
      return {}
    },
    async restart({ name }) {
      const keeper = supervisor.find(name)
      const because = options.held(keeper.spec)
      // One that runs is not to be stopped for nothing.
      if (because !== undefined) throw new RunaError('VAULT_LOCKED', `${name}: ${because}`)
      await keeper.stop()
      keeper.start()
      await keeper.running()
      return await statusOf(keeper)
    },
    async apply() {
      await options.heeding.apply()
      return {}
    },
    ...secrets,
    async shutdown() {
      setImmediate(shutDown)
      return {}
    },
  }
}

export async function describeKeeper(
  keeper: Keeper,
  describe: Confining['describe'],
): Promise<ServiceStatus> {
  const { process, ending: _, trouble, ...standing } = keeper.standing()
  const { replacedBy, settings } = keeper.spec
  const contextTokens = settings?.['contextTokens']
  const confinement = describe(keeper.spec, process?.pid)
  return {
    name: keeper.spec.name,
    ...standing,
    pid: process?.pid ?? null,
    memoryBytes: process === undefined ? 0 : await memoryBytesWithChildren(process.pid),
    needs: [...keeper.spec.needs],
    ...(typeof contextTokens === 'number' ? { contextTokens } : {}),
    ...(trouble === undefined ? {} : { trouble }),
    ...(replacedBy === undefined ? {} : { replacedBy: [...replacedBy] }),
    ...(confinement === undefined ? {} : { confinement }),
  }
}
