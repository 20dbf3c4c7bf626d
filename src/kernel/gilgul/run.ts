import { rm } from 'node:fs/promises'
import { join } from 'node:path'
import { type Config, loadConfig } from '#kernel/config'
import { type CovenClient, meetCoven } from '#kernel/coven'
import { homePaths } from '#kernel/home'
import { awaitService, call, createBusTransport, serve, type Transport } from '#kernel/service'
import { attachBus } from '#kernel/splinter'
import { gilgulContract, modelContract, RunaError, threadwellContract } from '#protocol'
import { BIRTH } from './birth.ts'
import { bootId, type Identity, identify } from './identity.ts'
import { explainEnding } from './keeping/ending.ts'
import { createLauncher, logPath } from './keeping/launch.ts'
import { lastWords, rotateLog } from './keeping/log-file.ts'
import { takePulse } from './keeping/pulse.ts'
import { createSupervisor, type Supervisor } from './keeping/supervisor.ts'
import { replaceServices } from './replacement.ts'
import type { Report } from './report.ts'
import { type KeptService, type RunState, readRunState, runFiles } from './run-state.ts'
import { createRunStateFile } from './run-state-file.ts'
import { openServiceSecrets, type ServiceSecrets } from './secrets/service-secrets.ts'
import { createGilgul, type GilgulOptions, statusOf } from './service.ts'
import type { ServiceSpec } from './spec.ts'
import { createBuses } from './world/buses.ts'
import { type Door, openDoor } from './world/door.ts'
import { environmentOf } from './world/environment.ts'
import { lockHome } from './world/lock.ts'
import { createWords, type Words } from './world/words.ts'
import { busFolder, enterNewWorld, freshBusFolder } from './world/world.ts'

export interface RunOptions {
  readonly services: readonly ServiceSpec[]
  readonly modelSpec: GilgulOptions['modelSpec']
  /** Where the ancestor hears of it. */
  readonly report: (report: Report) => void
  /** Fires when everything is to be stopped. */
  readonly stopping: AbortController
}

/** gilgul serves the one contract, and asks the other for the address of the page. */
const OWN_WORDS = [gilgulContract.name, threadwellContract.name]
const UNSEALED =
  'Warning: bus.sealed is false in runa.yaml. While Runa runs, every program of yours can read what is said.'
const ROTATE_EVERY_MS = 10_000

/**
 * The life of one gilgul: it makes sure that nothing of an earlier one is left, makes a bus, starts the services, and
 * ends them again. Rejects with a RunaError that says why it cannot start.
 */
export async function runGilgul(options: RunOptions): Promise<void> {
  const lockFd = process.env[BIRTH.lockFd]
  if (lockFd === undefined) throw new RunaError('NOT_RUNNING', 'gilgul is started by `runa up`, not by hand.')
  const coven = process.env[BIRTH.coven] === undefined ? undefined : await meetAncestor()
  const paths = homePaths()
  const files = runFiles(paths)
  const before = readRunState(files.state)
  await lockHome(Number(lockFd), before)
  const config = await loadConfig(paths.config)
  const worldFd = await enterNewWorld(files.worldLock, before)
  const folder = busFolder(config.bus.folder, paths.home)
  await freshBusFolder(folder)
  const words = createWords(config.bus)
  let door: Door | undefined
  try {
    const busPath = join(folder, 'bus')
    createBuses(busPath, config.bus, words)
    if (!config.bus.sealed) options.report({ kind: 'progress', text: UNSEALED })
    door = await openDoor(busPath, words.keysOf(contractsOf(options.services)))
    const services = await replaceServices(options.services.filter(isWanted(config)), {
      services: config.services,
      configPath: paths.config,
      folder: paths.home,
      searchPath: process.env['PATH'] ?? '',
    })
    const secrets = await openServiceSecrets({
      ...{ coven, services, vaultFolder: paths.vault },
      note: (text) => note('secrets', text),
    })
    const { logs } = paths
    await govern(
      { ...options, services },
      { secrets, config, worldFd, busPath, words, before, logs, statePath: files.state },
    )
  } finally {
    await door?.close()
    await rm(folder, { recursive: true, force: true })
  }
}

/** Some services are there only for who has asked for them. */
function isWanted(config: Config): (service: ServiceSpec) => boolean {
  const wishes = { nats: config.nats !== undefined, 'bus.record': config.bus.record }
  return ({ section }) => section === undefined || wishes[section]
}

/** Every contract whose words there are keys for. Models are started later, and have one contract. */
function contractsOf(services: readonly ServiceSpec[]): string[] {
  return [...new Set([...OWN_WORDS, modelContract.name, ...services.flatMap(({ speaks }) => speaks)])]
}

/** Before anything else: a gilgul that coven did not start makes nothing and ends nothing. */
async function meetAncestor(): Promise<CovenClient> {
  const { coven, session } = await meetCoven()
  void session.ended.then((fault) => note('coven', fault?.message ?? 'The link to coven was closed.'))
  return coven
}

interface World {
  readonly secrets: ServiceSecrets
  readonly config: Config
  readonly worldFd: number
  readonly busPath: string
  readonly words: Words
  readonly before: RunState | undefined
  readonly logs: string
  readonly statePath: string
}

async function govern({ services, modelSpec, report, stopping }: RunOptions, world: World): Promise<void> {
  const { busPath, logs, words, secrets } = world
  const bus = attachBus(busPath, { name: 'gilgul', words: words.keysOf(OWN_WORDS) })
  const transport = createBusTransport(bus)
  const stateFile = createRunStateFile(world.statePath, (error) => note('state-file', String(error)))
  let url = ''
  const writeState = () => stateFile.update(() => ({ ...stateOf(supervisor, world), url }))

  const supervisor = createSupervisor({
    specs: services,
    restartsBefore: restartsOf(world.before),
    launch: createLauncher({
      logsFolder: logs,
      worldFd: world.worldFd,
      environment: (spec) => environmentOf(spec, { config: world.config, busPath, own: process.env }),
      birth: ({ name, speaks }) => ({ identity: secrets.identityOf(name), words: words.keysOf(speaks) }),
    }),
    explain: ({ name }, process, exit) =>
      explainEnding(exit, lastWords(logPath(logs, name), process.logStart)),
    onChange(name) {
      const keeper = supervisor.find(name)
      const { state, reason } = keeper.standing()
      note(name, `${state}: ${reason}`)
      if (state === 'running') report({ kind: 'progress', text: `${name} runs` })
      if (state === 'backoff' || state === 'failed') report({ kind: 'progress', text: `${name}: ${reason}` })
      writeState()
      pulse.quicken()
      // An event is news, not a promise: where the bus is full or closing, it is left out.
      void statusOf(keeper)
        .then((status) => service.emit('changed', status))
        .catch(() => {})
    },
  })
  const restarts = Number(process.env[BIRTH.restarts] ?? 0)
  const shutDown = () => stopping.abort()
  const handlers = createGilgul({
    ...{ supervisor, modelSpec, restarts, shutDown },
    ...{ secrets: secrets.handlers, covenState: secrets.covenState, busSealed: bus.seals !== 'nothing' },
    startedAt: Date.now(),
  })
  const service = serve(gilgulContract, handlers, transport)
  const pulse = takePulse(supervisor, bus.members)
  const rotation = setInterval(() => void rotateLogs(supervisor, logs), ROTATE_EVERY_MS)
  const stopped = new Promise<void>((resolve) => {
    if (stopping.signal.aborted) resolve()
    stopping.signal.addEventListener('abort', () => resolve(), { once: true })
  })

  writeState()
  try {
    await Promise.race([supervisor.start(), stopped])
    if (!stopping.signal.aborted) {
      const address = await addressOf(supervisor, transport)
      url = address.url
      writeState()
      report({ kind: 'ready', ...address })
    }
    await stopped
  } finally {
    await supervisor.stop()
    clearInterval(rotation)
    pulse.end()
    await service.stop()
    transport.close()
    await stateFile.remove()
  }
}

/** The page's address. Without the page, a start has failed: the ancestor tells the person why. */
async function addressOf(supervisor: Supervisor, transport: Transport) {
  const page = supervisor.keepers().find(({ spec }) => spec.name === threadwellContract.name)
  if (!page) return { url: '', loginUrl: '' }
  const { state, reason, ending } = page.standing()
  if (state === 'running') return await askForAddress(transport)
  const lost = supervisor.keepers().find((keeper) => keeper.standing().state === 'failed')
  const cause = state === 'failed' ? ending : lost?.standing().ending
  const name = state === 'failed' ? page.spec.name : (lost?.spec.name ?? page.spec.name)
  throw new RunaError(cause?.code ?? 'SERVICE_FAILED', `${name}: ${cause?.sentence ?? reason}`)
}

const ADDRESS_TRIES = 3
const ADDRESS_TIMEOUT_MS = 10_000

/** The page may die between its first heartbeat and this question: then its successor is asked. */
async function askForAddress(transport: Transport) {
  for (let tries = 1; ; tries += 1) {
    try {
      await awaitService(transport, threadwellContract.name, { timeoutMs: ADDRESS_TIMEOUT_MS })
      return await call(threadwellContract, transport).address({})
    } catch (error) {
      if (tries === ADDRESS_TRIES || !(error instanceof RunaError && error.code === 'SERVICE_LOST'))
        throw error
    }
  }
}

function stateOf(supervisor: Supervisor, { before, busPath }: World): Omit<RunState, 'url'> {
  const services = supervisor.keepers().map((keeper): [string, KeptService] => {
    const { pid, restarts } = keeper.standing()
    return [keeper.spec.name, { process: pid === undefined ? null : (identify(pid) ?? null), restarts }]
  })
  const [ancestor, gilgul] = [process.ppid, process.pid].map(identify)
  return {
    version: 1,
    bootId: bootId(),
    bus: busPath,
    ancestor: ancestor ?? before?.ancestor ?? NOBODY,
    gilgul: gilgul ?? NOBODY,
    services: Object.fromEntries(services),
  }
}

/** Of a process that has just ended: no process has it. */
const NOBODY: Identity = { pid: 0, startTicks: 0 }

/** What a service ran through under an earlier gilgul of the same ancestor; its end there was one restart more. */
function restartsOf(before: RunState | undefined): Record<string, number> {
  if (before?.ancestor.pid !== process.ppid) return {}
  return Object.fromEntries(
    Object.entries(before.services).map(([name, service]) => [
      name,
      service.restarts + (service.process ? 1 : 0),
    ]),
  )
}

async function rotateLogs(supervisor: Supervisor, logs: string): Promise<void> {
  const names = ['gilgul', ...supervisor.keepers().map((keeper) => keeper.spec.name)]
  for (const name of names) {
    await rotateLog(logPath(logs, name)).catch((error) => note('logs', String(error)))
  }
}

/** One line in gilgul's own log. */
function note(subject: string, text: string): void {
  process.stderr.write(`${JSON.stringify({ time: new Date().toISOString(), subject, text })}\n`)
}
