import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import { Worker } from 'node:worker_threads'
import { awaitService, call, connect } from '#kernel/service'
import { attachBus, createBus } from '#kernel/splinter'
import { type Client, clockContract } from '#protocol'
import { compareRates, type Row, rateRow } from './row.ts'

const ECHO = fileURLToPath(new URL('splinter-echo.js', import.meta.url))
const CALLS = 2_000
const ITEMS = 20_000
const OPERATIONS = 200_000
const IDLE_CALLS = 40
const IDLE_MS = 20
/** About as many bytes as the envelope of a small call. */
const MESSAGE = {
  operation: 'now',
  call: '0192f0c1-2345-7abc-8def-0123456789ab',
  payload: { text: 'x'.repeat(100) },
}

/** One echo: resolves with what comes back. */
type RoundTrip = () => Promise<unknown>

/** Calls and values over the bus, against what Node brings for the same. */
export async function benchSplinter(): Promise<Row[]> {
  const folder = mkdtempSync('/dev/shm/runa-bench-')
  const path = join(folder, 'bus')
  createBus({ path })
  const service = spawn(process.execPath, [ECHO, 'bus'], {
    env: { ...process.env, RUNA_BUS: path },
    stdio: ['pipe', 'ignore', 'ignore'],
  })
  const child = spawn(process.execPath, [ECHO, 'ipc'], { stdio: ['ignore', 'inherit', 'inherit', 'ipc'] })
  const worker = new Worker(ECHO)
  const connection = await connect(path, 'bench')
  try {
    await awaitService(connection.transport, 'clock', { timeoutMs: 20_000 })
    const clock = call(clockContract, connection.transport)
    const peers: readonly (readonly [string, RoundTrip])[] = [
      ['MessagePort', () => echoOfWorker(worker)],
      ['child_process', () => echoOfChild(child)],
    ]
    const rows = await compareCalls(() => clock.now({}), peers)
    return [...rows, await compareStreams(clock, worker), ...(await compareStores(path))]
  } finally {
    connection.close()
    await worker.terminate()
    for (const process of [service, child]) process.kill()
    rmSync(folder, { recursive: true, force: true })
  }
}

async function echoOfWorker(worker: Worker): Promise<unknown> {
  const answer = once(worker, 'message')
  worker.postMessage(MESSAGE)
  return answer
}

async function echoOfChild(child: ChildProcess): Promise<unknown> {
  const answer = once(child, 'message')
  child.send(MESSAGE)
  return answer
}

/** A typed call, checked on both sides, against a bare echo. */
async function compareCalls(
  ours: RoundTrip,
  peers: readonly (readonly [string, RoundTrip])[],
): Promise<Row[]> {
  const rows: Row[] = []
  for (const [peer, theirs] of peers) {
    const busy = await compareRates(CALLS, repeat(CALLS, ours), repeat(CALLS, theirs))
    rows.push(rateRow(`call, back to back, ${peer}`, busy[0], peer, busy[1]))
    rows.push(idleRow(peer, await idleMicroseconds(ours), await idleMicroseconds(theirs)))
  }
  return rows
}

function repeat(times: number, work: RoundTrip): () => Promise<void> {
  return async () => {
    for (let count = 0; count < times; count += 1) await work()
  }
}

/** The median of round trips after pauses in which both sides fell asleep. */
async function idleMicroseconds(roundTrip: RoundTrip): Promise<number> {
  const times: number[] = []
  for (let count = 0; count < IDLE_CALLS; count += 1) {
    await sleep(IDLE_MS)
    const startedMs = performance.now()
    await roundTrip()
    times.push((performance.now() - startedMs) * 1_000)
  }
  return Math.round(times.sort((a, b) => a - b)[IDLE_CALLS / 2] ?? 0)
}

function idleRow(peer: string, ours: number, theirs: number): Row {
  const ratio = Number((theirs / ours).toFixed(2))
  return { case: `call, ${IDLE_MS} ms apart, ${peer}`, ours, peer, theirs, unit: 'µs', ratio }
}

/** Items of a typed stream, with its credit, against messages one way. */
async function compareStreams(clock: Client<typeof clockContract>, worker: Worker): Promise<Row> {
  const ours = async () => {
    for await (const { count } of clock.tick({ everyMs: 1 })) if (count === ITEMS) break
  }
  const theirs = () =>
    new Promise<void>((resolve) => {
      let heard = 0
      const hear = () => {
        heard += 1
        if (heard < ITEMS) return
        worker.off('message', hear)
        resolve()
      }
      worker.on('message', hear)
      for (let count = 0; count < ITEMS; count += 1) worker.postMessage(MESSAGE)
    })
  const rates = await compareRates(ITEMS, ours, theirs)
  return rateRow('stream, items', rates[0], 'MessagePort', rates[1])
}

/** Values of a kibibyte by string key, against a map in one process with a copy of the bytes. */
async function compareStores(path: string): Promise<Row[]> {
  const bus = attachBus(path, { name: 'bench-store' })
  const keys = Array.from({ length: 256 }, (_, key) => `component:context:${key}`)
  const value = Buffer.alloc(1_024, 'x')
  const into = Buffer.alloc(1_024)
  const map = new Map(keys.map((key) => [key, Buffer.from(value)]))
  const over = (work: (key: string) => void) => async () => {
    for (let count = 0; count < OPERATIONS; count += 1) work(keys[count & 255] ?? '')
  }
  try {
    const set = await compareRates(
      OPERATIONS,
      over((key) => bus.store.set(key, value)),
      over((key) => map.get(key)?.set(value)),
    )
    const get = await compareRates(
      OPERATIONS,
      over((key) => bus.store.getInto(key, into)),
      over((key) => into.set(map.get(key) ?? value)),
    )
    return [
      rateRow('set, 1 KiB', set[0], 'Map and copy', set[1]),
      rateRow('get, 1 KiB', get[0], 'Map and copy', get[1]),
    ]
  } finally {
    bus.close()
  }
}
