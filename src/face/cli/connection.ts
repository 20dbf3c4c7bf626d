import { closeSync, openSync } from 'node:fs'
import { setTimeout as sleep } from 'node:timers/promises'
import { isAlive, type RunState, readRunState, runFiles } from '#kernel/gilgul'
import { homePaths } from '#kernel/home'
import { awaitService, type Connection, call, connect, type Transport } from '#kernel/service'
import { isByteLocked } from '#kernel/sys'
import { type Client, type Contract, gilgulContract, RunaError } from '#protocol'

/** A seat on the bus of the running Runa. */
export interface Runa {
  client<C extends Contract>(contract: C): Client<C>
  /** Fires on Ctrl-C and SIGTERM. To be given to each call, so that it is cancelled. */
  readonly signal: AbortSignal
  readonly state: RunState
}

/** A service that is just being started again is worth so much waiting. */
const PATIENCE_MS = 20_000
const LOOK_EVERY_MS = 25
const SLICE_MS = 500

/**
 * Calls `use` with a seat on the bus, once every service in `needed` can be called. Rejects with NOT_RUNNING where
 * there is no Runa, SERVICE_FAILED where gilgul has given a service up, VAULT_LOCKED where one waits for the vault, CANCELLED
 * on Ctrl-C.
 */
export async function withRuna<Result>(
  needed: readonly string[],
  use: (runa: Runa) => Promise<Result>,
): Promise<Result> {
  const stopping = new AbortController()
  const cancel = () => stopping.abort()
  for (const name of ['SIGTERM', 'SIGINT']) process.on(name, cancel)
  try {
    return await withSeat(needed, stopping.signal, use)
  } catch (error) {
    throw stopping.signal.aborted ? new RunaError('CANCELLED', 'Stopped.', { cause: error }) : error
  } finally {
    for (const name of ['SIGTERM', 'SIGINT']) process.off(name, cancel)
  }
}

async function withSeat<Result>(
  needed: readonly string[],
  signal: AbortSignal,
  use: (runa: Runa) => Promise<Result>,
): Promise<Result> {
  const { transportTo, state, close } = await takeSeat(needed, signal)
  try {
    const result = await use({
      client: (contract) => call(contract, transportTo(contract.name)),
      signal,
      state,
    })
    signal.throwIfAborted()
    return result
  } finally {
    close()
  }
}

interface Seat extends Connection {
  readonly state: RunState
}

/** Tries until everything is there: gilgul may die, and come back with another bus, at any moment of this. */
async function takeSeat(needed: readonly string[], signal: AbortSignal): Promise<Seat> {
  const deadlineMs = performance.now() + PATIENCE_MS
  let refusal: unknown = new RunaError('NOT_RUNNING', 'Runa is starting, and takes longer than usual.')
  while (performance.now() < deadlineMs) {
    signal.throwIfAborted()
    const state = findRuna()
    if (state) {
      const seat = await tryConnect(state)
      if ('transport' in seat) {
        const isSeated = await isComplete(seat, needed, deadlineMs, signal).catch((error) => {
          // Who is refused has no use for the seat, and it would keep this process alive.
          seat.close()
          throw error
        })
        if (isSeated) return seat
        seat.close()
      } else refusal = seat.refusal
    }
    await sleep(LOOK_EVERY_MS, undefined, { signal }).catch(() => {})
  }
  throw refusal
}

/** The state of the running Runa; undefined while it starts. Throws NOT_RUNNING where there is none. */
export function findRuna(): RunState | undefined {
  const files = runFiles(homePaths())
  const state = readRunState(files.state)
  if (state && isAlive(state.gilgul)) return state
  if (!isHeld(files.lock)) throw new RunaError('NOT_RUNNING')
  return undefined
}

/** Whether some process holds the lock of a home: the one thing that tells for sure that a Runa lives. */
export function isHeld(lockPath: string): boolean {
  let fd: number
  try {
    fd = openSync(lockPath, 'r')
  } catch {
    return false
  }
  try {
    return isByteLocked(fd, 0)
  } finally {
    closeSync(fd)
  }
}

async function tryConnect(state: RunState): Promise<Seat | { readonly refusal: unknown }> {
  try {
    return { ...(await connect(state.bus, `cli-${process.pid}`)), state }
  } catch (refusal) {
    return { refusal }
  }
}

/** False where gilgul died meanwhile, and with it this bus. */
async function isComplete(
  { transport, state }: Seat,
  needed: readonly string[],
  deadlineMs: number,
  signal: AbortSignal,
): Promise<boolean> {
  let missing = needed
  while (isAlive(state.gilgul)) {
    missing = missing.filter((name) => transport.presence?.silentMs(name) === undefined)
    const [next] = missing
    if (next === undefined) return true
    await refuseFailed(transport, missing, signal)
    if (performance.now() > deadlineMs)
      throw new RunaError('SERVICE_LOST', `${next} is being started, and takes longer than usual.`)
    await awaitService(transport, next, { timeoutMs: SLICE_MS, signal }).catch((error: unknown) => {
      if (signal.aborted) throw error
    })
  }
  return false
}

async function refuseFailed(transport: Transport, missing: readonly string[], signal: AbortSignal) {
  const known = await call(gilgulContract, transport)
    .status({}, { signal })
    .catch(() => undefined)
  const lacking = (known?.services ?? []).filter(({ name }) => missing.includes(name))
  const failed = lacking.find(({ state }) => state === 'failed')
  if (failed) throw new RunaError('SERVICE_FAILED', `${failed.name} does not run. ${failed.reason}`)
  const waiting = lacking.find(({ state }) => state === 'waiting')
  if (known?.coven === 'sealed' && waiting)
    throw new RunaError('VAULT_LOCKED', `${waiting.name} does not run: the vault is sealed.`)
}
