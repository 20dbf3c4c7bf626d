import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import { createEnvelope, RunaError } from 'runa/protocol'
import { attachBus, type Bus, createBus } from 'runa/splinter'

// Runs in whatever runtime it is tried on, from an installed package: what it can do there, one line of JSON each.
// With a bus as its argument it is the second process.

const ROUND_TRIPS = 300
const ADDS = 2_000
const PATIENCE_MS = 5_000
const MIB = 2 ** 20

type Check = (bus: Bus) => Promise<Readonly<Record<string, number>> | undefined>

async function until(isSo: () => boolean): Promise<void> {
  const endMs = performance.now() + PATIENCE_MS
  while (!isSo()) {
    if (performance.now() > endMs) throw new Error('it did not happen in time')
    await sleep(2)
  }
}

function expect(isSo: boolean, what: string): void {
  if (!isSo) throw new Error(what)
}

const text = (bytes: Uint8Array | undefined) => (bytes ? Buffer.from(bytes).toString() : undefined)

const others: ChildProcess[] = []

/** The same program in the same runtime. RUNTIME_ARGUMENTS is what stands before the file: `run -A` for Deno. */
function startOther(path: string, job: string): ChildProcess {
  const before = (process.env['RUNTIME_ARGUMENTS'] ?? '').split(' ').filter((word) => word !== '')
  const file = fileURLToPath(import.meta.url)
  const other = spawn(process.execPath, [...before, file, path, job], { stdio: 'ignore' })
  others.push(other)
  return other
}

const CHECKS: Readonly<Record<string, Check>> = {
  async 'keys and values'({ store }) {
    store.set('a', Buffer.from('one'))
    const into = new Uint8Array(16)
    expect(store.getInto('a', into) === 3 && text(store.get('a')) === 'one', 'a value was not read')
    expect(store.delete('a') && store.get('a') === undefined, 'a key was not deleted')
    return undefined
  },
  async topics(bus) {
    const heard: string[] = []
    const topic = bus.topic('words', { lossless: true })
    const { end } = topic.subscribe((message) => heard.push(text(message) ?? ''))
    for (const word of ['x', 'y', 'z']) await topic.publishWhenFree(Buffer.from(word))
    await until(() => heard.length === 3)
    end()
    expect(heard.join('') === 'xyz', 'messages were not in order')
    return undefined
  },
  async envelopes(bus) {
    const heard: string[] = []
    const end = bus.receive(({ payload }) => heard.push(String(payload)))
    bus.send(createEnvelope({ from: bus.name, to: bus.address, type: 'event', payload: 'hello' }))
    await until(() => heard.length === 1)
    end()
    expect(heard[0] === 'hello', 'an envelope was changed')
    return undefined
  },
  async 'errors with a code'(bus) {
    try {
      bus.send(createEnvelope({ from: bus.name, to: 'nobody', type: 'event', payload: '' }))
    } catch (error) {
      expect(error instanceof RunaError && error.code === 'SERVICE_LOST', String(error))
      return undefined
    }
    throw new Error('nothing was thrown')
  },
  async 'two processes'(bus) {
    const other = startOther(bus.path, 'add')
    for (let count = 0; count < ADDS; count += 1) bus.store.add('sum', 1n)
    const [status] = await once(other, 'exit')
    expect(status === 0, `the other process ended with ${status}`)
    const sum = Number(bus.store.load('sum'))
    expect(sum === 2 * ADDS, `${sum} of ${2 * ADDS} additions counted`)
    return undefined
  },
  async 'wake-up by the event loop'(bus) {
    const other = startOther(bus.path, 'echo')
    const answers = bus.topic('answers')
    const questions = bus.topic('questions')
    let heard = () => {}
    const { end } = answers.subscribe(() => heard())
    await until(() => bus.store.get('echo is ready') !== undefined)
    const timesMs: number[] = []
    for (let count = 0; count < ROUND_TRIPS; count += 1) {
      const startMs = performance.now()
      await new Promise<void>((resolve, reject) => {
        const tooLate = () => reject(new Error(`nobody was woken by message ${count}`))
        const timer = setTimeout(tooLate, PATIENCE_MS)
        heard = () => {
          clearTimeout(timer)
          resolve()
        }
        questions.publish(Buffer.from('?'))
      })
      timesMs.push(performance.now() - startMs)
    }
    end()
    other.kill('SIGTERM')
    await once(other, 'exit')
    const sorted = timesMs.sort((a, b) => a - b)
    return { roundTripP50Us: Math.round((sorted[ROUND_TRIPS / 2] ?? 0) * 1_000) }
  },
  async 'a process that is killed'(bus) {
    const other = startOther(bus.path, 'write')
    await until(
      () => bus.members().some(({ name }) => name === 'write') && bus.store.get('big') !== undefined,
    )
    let lostAtMs: number | undefined
    bus.watch('write', () => {
      lostAtMs = performance.now()
    })
    const killedAtMs = performance.now()
    other.kill('SIGKILL')
    await until(() => lostAtMs !== undefined)
    const value = bus.store.get('big') ?? new Uint8Array()
    expect(value.length > 0 && value.every((byte) => byte === value[0]), 'a value is torn')
    bus.store.set('big', Buffer.from('mine'))
    expect(text(bus.store.get('big')) === 'mine', 'a lock of the dead was not taken over')
    return { noticedMs: Math.round((lostAtMs ?? 0) - killedAtMs) }
  },
  async 'a wait that blocks the thread'(bus) {
    const other = startOther(bus.path, 'wait')
    const puller = bus.topic('waited for').pull()
    await until(() => bus.store.get('wait is ready') !== undefined)
    bus.topic('waiting').publish(Buffer.from('go'))
    expect(puller.waitSync({ timeoutMs: PATIENCE_MS }), 'a thread was not woken')
    expect(text(puller.next()) === 'gone', 'another message came')
    puller.end()
    await once(other, 'exit')
    return undefined
  },
  async 'groups, streams, requests'(bus) {
    const topic = bus.topic('work', { lossless: true })
    const streams = [topic.stream({ group: 'g' }), topic.stream({ group: 'g' })]
    const endReplies = topic.reply((question) => Buffer.from(`${text(question)}!`))
    expect(text(await topic.request(Buffer.from('ready?'))) === 'ready?!', 'a request was not answered')
    for (let count = 0; count < 10; count += 1) await topic.publishWhenFree(Buffer.of(count))
    const taken = new Set<number>()
    const take = async (stream: (typeof streams)[number]) => {
      for await (const message of stream) {
        taken.add(message[0] ?? -1)
        if (taken.size === 10) for (const one of streams) void one.return?.()
      }
    }
    await Promise.race([Promise.all(streams.map(take)), until(() => taken.size === 10)])
    endReplies()
    expect(taken.size === 10, `${taken.size} of 10 messages came`)
    return undefined
  },
  async 'watching a key of another process'(bus) {
    const told: string[] = []
    const end = bus.store.watch({ key: 'sum' }, ({ what }) => told.push(what))
    const other = startOther(bus.path, 'add')
    await until(() => told.length > 0)
    await once(other, 'exit')
    end()
    expect(told[0] === 'set', `what was told is ${told[0]}`)
    return undefined
  },
  async 'a bus that lasts, and a snapshot'() {
    const disk = mkdtempSync(join(tmpdir(), 'runa-runtimes-'))
    try {
      const path = join(disk, 'lasting', 'bus')
      createBus({ path, sizeBytes: 8 * MIB, persistent: true })
      const bus = attachBus(path, { name: 'main' })
      bus.store.set('a', Buffer.from('old'))
      await bus.flush()
      await bus.snapshot(join(disk, 'snapshot'))
      bus.store.set('a', Buffer.from('new'))
      await bus.restore(join(disk, 'snapshot'))
      expect(text(bus.store.get('a')) === 'old', 'a snapshot was not put back')
      bus.close()
    } finally {
      rmSync(disk, { recursive: true })
    }
    return undefined
  },
  async 'a bus that seals everything'({ path }) {
    const secret = new Uint8Array(32).fill(7)
    const sealed = join(path, '..', 'sealed', 'bus')
    createBus({ path: sealed, sizeBytes: 8 * MIB, seals: 'everything', keys: 'hashed', secret })
    const bus = attachBus(sealed, { name: 'main', secret })
    bus.store.set('a', Buffer.from('quiet'))
    expect(text(bus.store.get('a')) === 'quiet', 'a sealed value was not read')
    bus.close()
    return undefined
  },
}

const JOBS: Readonly<Record<string, (bus: Bus) => Promise<void>>> = {
  async add(bus) {
    for (let count = 0; count < ADDS; count += 1) bus.store.add('sum', 1n)
    bus.close()
  },
  async echo(bus) {
    const answers = bus.topic('answers')
    bus.topic('questions').subscribe(() => answers.publish(Buffer.from('!')))
    bus.store.set('echo is ready', Buffer.of(1))
    // Should the one that asks be dead.
    setTimeout(bus.close, 4 * PATIENCE_MS)
  },
  async wait(bus) {
    const puller = bus.topic('waiting').pull()
    bus.store.set('wait is ready', Buffer.of(1))
    if (puller.waitSync({ timeoutMs: PATIENCE_MS })) bus.topic('waited for').publish(Buffer.from('gone'))
    bus.close()
  },
  async write(bus) {
    bus.setState('ready')
    const endMs = performance.now() + PATIENCE_MS
    for (let round = 0; performance.now() < endMs; round += 1)
      bus.store.set('big', new Uint8Array(900).fill(round))
  },
}

async function runCheck(name: string, check: Check, bus: Bus): Promise<void> {
  try {
    const figures = await check(bus)
    print({ name, ok: true, figures })
  } catch (error) {
    print({ name, ok: false, why: error instanceof Error ? error.message : String(error) })
  } finally {
    for (const other of others.splice(0)) other.kill('SIGKILL')
  }
}

function print(line: unknown): void {
  process.stdout.write(`${JSON.stringify(line)}\n`)
}

const [path, job = ''] = process.argv.slice(2)
if (path !== undefined) {
  await JOBS[job]?.(attachBus(path, { name: job }))
} else {
  const folder = mkdtempSync('/dev/shm/runa-runtimes-')
  try {
    const busPath = join(folder, 'bus')
    createBus({ path: busPath, sizeBytes: 16 * MIB })
    const bus = attachBus(busPath, { name: 'main' })
    for (const [name, check] of Object.entries(CHECKS)) await runCheck(name, check, bus)
    bus.close()
    print({ name: 'the end', ok: true })
  } finally {
    rmSync(folder, { recursive: true })
  }
}
