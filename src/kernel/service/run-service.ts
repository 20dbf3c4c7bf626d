import { attachBus, type Bus, toPrometheus } from '#kernel/splinter'
import { closeDebugger } from '#kernel/sys'
import { type Contract, type Handlers, RunaError } from '#protocol'
import { takeBirth } from './birth.ts'
import { type BusTransport, createBusTransport } from './bus-transport.ts'
import { describeCrash } from './faults.ts'
import { untilAsleep } from './idle-stop.ts'
import { createLog, type Log } from './log.ts'
import { releaseAtRest } from './rest.ts'
import { createRousing } from './rousing.ts'
import { runMain } from './run-main.ts'
import { createSecrets, type LeasedSecrets } from './secrets.ts'
import { createEmit, type Emit, type Service, serve } from './serve.ts'
import type { Transport } from './transport.ts'
import { createWays, privateBusVariable } from './ways.ts'

/** What a service gets when it is opened. */
export interface ServiceContext<C extends Contract> {
  /** The name under which it runs. */
  readonly name: string
  /** For calling other services. */
  readonly transport: Transport
  /** The way to that service: alethia is met on a bus of its own, everybody else on the one of all. */
  readonly transportTo: (service: string) => Transport
  readonly secrets: LeasedSecrets
  readonly emit: Emit<C>
  /** For who looks at the traffic of others. */
  readonly bus: Pick<Bus, 'path' | 'record'>
  /** What everybody on the bus does, in the text format of Prometheus. */
  readonly metrics: () => string
  /** Writes one line to the log of the service. What is given must hold nobody's words. */
  readonly log: Log
  /** Fires when the service is to stop, also while it still opens. */
  readonly signal: AbortSignal
}

export interface OpenedService<C extends Contract> {
  readonly handlers: Handlers<C>
  /** Called after the last call has ended. */
  readonly close?: () => Promise<void> | void
}

/** How long running calls may go on after SIGTERM, and then all of the stopping. */
const GRACE_MS = 2_000
const STOP_MS = 5_000
/** The supervisor is dead: nobody waits for answers, and another one may already start this service anew. */
const ORPHAN_STOP_MS = 1_000

/**
 * The main of a service: takes a seat on the bus that RUNA_BUS names, opens what `open` opens, and serves `contract`
 * under the name in RUNA_SERVICE until SIGTERM comes or stdin ends. stdin is the lifeline: the supervisor holds its
 * other end, so that its death, whichever way, ends the service. SIGINT is left to the supervisor.
 *
 * A start that fails ends with a sentence on stderr and exit code 1.
 */
export async function runService<C extends Contract>(
  contract: C,
  open: (context: ServiceContext<C>) => Promise<OpenedService<C>> | OpenedService<C>,
): Promise<void> {
  const name = process.env['RUNA_SERVICE'] || contract.name
  const stopping = holdLifeline()
  try {
    await runMain(name, () => liveOnBus(contract, name, stopping, open))
  } catch (error) {
    process.stderr.write(`${describeCrash(error)}\n`)
    process.exitCode = 1
  }
  process.exit()
}

async function liveOnBus<C extends Contract>(
  contract: C,
  name: string,
  stopping: AbortSignal,
  open: (context: ServiceContext<C>) => Promise<OpenedService<C>> | OpenedService<C>,
): Promise<void> {
  const path = process.env['RUNA_BUS']
  if (!path) throw new RunaError('NOT_RUNNING', 'RUNA_BUS names no bus: services are started by `runa up`.')
  const { identity, words } = takeBirth()
  const bus = attachBus(path, { name, words })
  const transport = createBusTransport(bus)
  const ways = createWays(transport, { name, words }, (service) => process.env[privateBusVariable(service)])
  const log = createLog(name)
  try {
    const own = ways.to(name)
    const emit = createEmit(contract, own, name)
    const opened = await open({
      ...{ name, transport, bus, emit, log },
      transportTo: ways.to,
      metrics: () => toPrometheus(bus.statistics()),
      secrets: createSecrets(name, identity, transport),
      signal: stopping,
    })
    const stopMs = () => (stopping.reason === ORPHANED ? 0 : GRACE_MS)
    const service = serve(contract, opened.handlers, own, { name, log: log.call, stopMs })
    // Whoever watches over services, or waits for this one, looks for it on the bus of all.
    const absence = own === transport ? undefined : serve(contract, refuseAll(contract), transport, { name })
    log('ready')
    const endRest = releaseAtRest()
    await Promise.race([fired(stopping), untilIdle(service, name, bus, transport, stopping)])
    endRest()
    await Promise.all([service.stop(), absence?.stop()])
    await opened.close?.()
    log('stopped')
  } catch (error) {
    // Whatever a start is interrupted by is no failure of it.
    if (!stopping.aborted) throw error
  } finally {
    ways.close()
  }
}

/** gilgul says by RUNA_IDLE_MS that it may sleep. A service that is met on a bus of its own never does: nobody could call it. */
async function untilIdle(
  service: Pick<Service<never>, 'idleMs'>,
  name: string,
  { store }: Bus,
  { presence }: BusTransport,
  signal: AbortSignal,
): Promise<void> {
  const idleMs = Number(process.env['RUNA_IDLE_MS'])
  if (!(idleMs > 0) || process.env[privateBusVariable(name)] !== undefined) return fired(signal)
  await untilAsleep(service, { name, idleMs, presence, rousing: createRousing(store), signal })
}

function refuseAll<C extends Contract>({ name, operations }: C): Handlers<C> {
  const refuse = () => {
    throw new RunaError('UNKNOWN_OPERATION', `${name} has a bus of its own, and is called there.`)
  }
  return Object.fromEntries(
    Object.keys(operations).map((operation) => [operation, refuse]),
  ) as unknown as Handlers<C>
}

const ORPHANED = 'the supervisor is gone'

/** Fires on SIGTERM and at the end of stdin. What then hangs is cut off after a while. */
function holdLifeline(): AbortSignal {
  const stopping = new AbortController()
  const stop = (reason: string, withinMs: number) => {
    stopping.abort(reason)
    setTimeout(() => process.exit(1), withinMs).unref()
  }
  // Node itself would say all of it, also what it quotes.
  process.on('uncaughtException', (error) => {
    process.stderr.write(`${describeCrash(error)}\n`)
    process.exit(1)
  })
  process.on('SIGINT', () => {})
  closeDebugger()
  process.on('SIGTERM', () => stop('SIGTERM', STOP_MS))
  for (const event of ['end', 'error', 'close'])
    process.stdin.once(event, () => stop(ORPHANED, ORPHAN_STOP_MS))
  process.stdin.resume()
  // The log lies on a disk, which may be full, or was read by a supervisor that is gone.
  process.stderr.on('error', () => {})
  return stopping.signal
}

function fired(signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    if (signal.aborted) resolve()
    else signal.addEventListener('abort', () => resolve(), { once: true })
  })
}
