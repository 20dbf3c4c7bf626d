import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { closeSync, mkdtempSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import { Worker } from 'node:worker_threads'
import { createKey } from '#kernel/seal'
import {
  awaitService,
  call,
  connect,
  createBirth,
  createBusTransport,
  privateBusPath,
  privateBusVariable,
} from '#kernel/service'
import { attachBus, createBus } from '#kernel/splinter'
import { type Client, clockContract } from '#protocol'
import { compareRates, type Row, rateRow } from './row.ts'

const ECHO = fileURLToPath(new URL('splinter-echo.js', import.meta.url))
const CALLS = 2_000
const ITEMS = 20_000
const OPERATIONS = 200_000
const IDLE_CALLS = 40
const IDLE_MS = 20
const TOKENS = 200
/** 500 tokens a second: faster than most models on a modest machine. */
const TOKEN_MS = 2
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
  createBus({ path, seals: 'words' })
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
    return [
      ...rows,
      await compareStreams(clock, worker),
      ...(await compareSeals(path, clock)),
      ...(await compareStores(path)),
    ]
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
  const rates = await compareRates(ITEMS, () => countItems(clock), theirs)
  return rateRow('stream, items', rates[0], 'MessagePort', rates[1])
}

async function countItems(clock: Client<typeof clockContract>): Promise<void> {
  for await (const { count } of clock.tick({ everyMs: 1 })) if (count === ITEMS) break
}

/** As a model makes them: the sender computes for each. */
async function countTokens(clock: Client<typeof clockContract>): Promise<void> {
  for await (const { count } of clock.tick({ everyMs: TOKEN_MS })) if (count === TOKENS) break
}

/** The same calls where every payload is sealed, as on a bus that carries words, against the bus in clear. */
async function compareSeals(path: string, clear: Client<typeof clockContract>): Promise<Row[]> {
  const [name, secret] = ['sealed', createKey()]
  const sealedPath = privateBusPath(path, name)
  createBus({ path: sealedPath, sizeBytes: 8 * 2 ** 20, seals: 'everything', secret })
  const birth = createBirth({ identity: undefined, words: new Map([[name, secret]]) })
  const environment = { RUNA_BUS: path, RUNA_SERVICE: name, [privateBusVariable(name)]: sealedPath }
  const service = spawn(process.execPath, [ECHO, 'bus'], {
    env: { ...process.env, ...environment },
    stdio: ['pipe', 'ignore', 'ignore', 'ignore', birth],
  })
  closeSync(birth)
  const transport = createBusTransport(attachBus(sealedPath, { name: 'bench', secret }))
  try {
    await awaitService(transport, name, { timeoutMs: 20_000 })
    const sealed = call(clockContract, transport, { service: name })
    const [ours, theirs] = [() => sealed.now({}), () => clear.now({})]
    const busy = await compareRates(CALLS, repeat(CALLS, ours), repeat(CALLS, theirs))
    const stream = await compareRates(
      ITEMS,
      () => countItems(sealed),
      () => countItems(clear),
    )
    const tokens = await compareRates(
      TOKENS,
      () => countTokens(sealed),
      () => countTokens(clear),
    )
    return [
      rateRow('sealed call, back to back', busy[0], 'in clear', busy[1]),
      {
        ...idleRow('in clear', await idleMicroseconds(ours), await idleMicroseconds(theirs)),
        case: `sealed call, ${IDLE_MS} ms apart`,
      },
      rateRow('sealed stream, items', stream[0], 'in clear', stream[1]),
      rateRow(`sealed stream, ${TOKEN_MS} ms of work a token`, tokens[0], 'in clear', tokens[1]),
    ]
  } finally {
    transport.close()
    service.kill()
  }
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
