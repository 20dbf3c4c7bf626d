import assert from 'node:assert/strict'
import { type ChildProcess, spawn } from 'node:child_process'
import { randomBytes } from 'node:crypto'
import { once } from 'node:events'
import { after, test } from 'node:test'
import { fileURLToPath } from 'node:url'
import { attachBus } from '../bus.ts'
import { createTestBuses, until } from '../fixture.ts'
import type { KeyChange } from './watches.ts'

const [, , role = '', busPath = ''] = process.argv

/** This file is also the main of the processes that it watches. */
if (role === 'writer') write()
if (role === 'watcher') await watchAll()

/** Sets, adds and deletes without end. */
function write(): never {
  const { store, setState } = attachBus(busPath, { name: 'writer' })
  setState('ready')
  for (let round = 0; ; round += 1) {
    store.set('a.value', Buffer.from(`${round}`))
    store.add('a.count', 1n)
    if (round % 3 === 0) store.delete('a.value')
  }
}

/** Until it is killed. */
async function watchAll(): Promise<never> {
  const bus = attachBus(busPath, { name: 'watcher' })
  bus.store.watch({ prefix: '' }, () => {})
  bus.setState('ready')
  return new Promise(() => {})
}

const { newBus, seat } = createTestBuses()
const children: ChildProcess[] = []
after(() => {
  for (const child of children) child.kill('SIGKILL')
})

async function start(as: string, path: string, bus: ReturnType<typeof seat>): Promise<ChildProcess> {
  const child = spawn(process.execPath, [fileURLToPath(import.meta.url), as, path], { stdio: 'inherit' })
  children.push(child)
  await until(() => bus.members().some(({ name, state }) => name === as && state === 'ready'))
  return child
}

async function end(child: ChildProcess): Promise<void> {
  child.kill('SIGKILL')
  await once(child, 'exit')
}

test('whoever is killed amid a change, those who watch know in the end what stands there', async () => {
  const path = newBus()
  const { store, ...bus } = seat(path, 'test')
  const copy = new Map<string, bigint>()
  let told = 0
  store.watch({ prefix: 'a.' }, ({ key, what, version }) => {
    told += 1
    if (what === 'set') copy.set(key, version)
    else copy.delete(key)
  })
  for (let round = 0; round < 5; round += 1) {
    const writer = await start('writer', path, { store, ...bus })
    const before = told
    await until(() => told > before + 20)
    await end(writer)
    const keys = ['a.count', 'a.value']
    await until(() => keys.every((key) => copy.get(key) === store.head(key)?.version))
  }
})

test('watches that a killed member left cost nobody anything once its row is taken again', async () => {
  const path = newBus({ membersMax: 2 })
  const first = seat(path, 'first')
  const value = new Uint8Array(1)
  first.store.set('a', value)
  await end(await start('watcher', path, first))
  first.store.set('a', value)
  const second = seat(path, 'second')
  const heard: KeyChange[] = []
  second.store.watch({ key: 'b' }, (change) => heard.push(change))
  first.store.set('a', value)
  first.store.set('b', value)
  await until(() => heard.length > 0)
  assert.deepEqual(
    heard.map(({ key, what }) => `${key} ${what}`),
    ['b set'],
  )
})

test('keys, prefixes and labels are told of across members, each change once', async () => {
  const path = newBus()
  const [left, right] = [seat(path, 'left').store, seat(path, 'right').store]
  const heard: string[] = []
  const listen = (as: string) => (change: KeyChange) => heard.push(`${as}: ${change.key} ${change.what}`)
  const heardNext = async (...expected: string[]) => {
    await until(() => heard.length >= expected.length)
    assert.deepEqual(heard.splice(0).sort(), expected)
  }
  const stop = right.watch({ key: 'a' }, listen('key'))
  right.watch({ prefix: 'a.' }, listen('prefix'))
  right.watch({ label: 63 }, listen('label'))
  left.set('a', new Uint8Array(1))
  left.set('b', new Uint8Array(1))
  await heardNext('key: a set')
  left.appendOrder('a', new Uint8Array(1))
  await heardNext('prefix: a.1 set')
  left.label('b', { add: 1n << 63n })
  await heardNext('label: b set')
  left.delete('b')
  left.delete('a')
  await heardNext('key: a deleted', 'label: b deleted')
  left.set('a', new Uint8Array(1))
  await heardNext('key: a set')
  left.expire('a', 1)
  await until(() => left.head('a') === undefined)
  assert.equal(left.sweep().expired, 1)
  await heardNext('key: a expired')
  stop()
  left.set('a', new Uint8Array(1))
  left.delete('a.1')
  await heardNext('prefix: a.1 deleted')
})

test('the versions that watchers are told of are those that an exchange takes', async () => {
  const path = newBus()
  const [left, right] = [seat(path, 'left').store, seat(path, 'right').store]
  let version = 0n
  right.watch({ key: 'a' }, (change) => {
    version = change.version
  })
  left.set('a', Buffer.from('first'))
  await until(() => version !== 0n)
  assert.ok(right.compareAndSet('a', version, Buffer.from('second')))
  assert.ok(!left.compareAndSet('a', version, Buffer.from('third')))
})

test('a member has 32 watches at a time, and as many again when they end', () => {
  const { store } = seat(newBus(), 'one')
  const stops = Array.from({ length: 32 }, (_, watch) => store.watch({ key: `k${watch}` }, () => {}))
  assert.throws(() => store.watch({ label: 1 }, () => {}), { code: 'BUS_FULL' })
  for (const stop of stops) stop()
  store.watch({ label: 1 }, () => {})
  assert.throws(() => store.watch({ label: 64 }, () => {}), { code: 'BAD_INPUT' })
})

test('where keys are hashed, keys and labels can be watched, and prefixes are refused', async () => {
  const secret = randomBytes(32)
  const path = newBus({ keys: 'hashed', secret })
  const [left, right] = [seat(path, 'left', { secret }).store, seat(path, 'right', { secret }).store]
  const heard: KeyChange[] = []
  right.watch({ key: 'turn' }, (change) => heard.push(change))
  right.watch({ label: 2 }, (change) => heard.push(change))
  assert.throws(() => right.watch({ prefix: 'turn' }, () => {}), { code: 'BAD_INPUT' })
  left.set('turn', new Uint8Array(1))
  await until(() => heard.length === 1)
  left.label('turn', { add: 4n })
  await until(() => heard.length === 2)
  assert.equal(heard[0]?.key, 'turn')
  assert.match(heard[1]?.key ?? '', /^[0-9a-f]{64}$/)
})

test('who begins to watch a label just as a key gets it is told', async (context) => {
  const path = newBus()
  const [left, right] = [seat(path, 'left').store, seat(path, 'right').store]
  const heard: KeyChange[] = []
  left.set('key', new Uint8Array(1))
  // The first step of who gives a label, after it has looked who watches.
  const { or } = Atomics
  const steps = context.mock.method(Atomics, 'or', (words: Int32Array, word: number, value: number) => {
    steps.mock.restore()
    right.watch({ label: 3 }, (change) => heard.push(change))
    return or(words, word, value)
  })
  left.label('key', { add: 8n })
  await until(() => heard.length === 1)
  assert.deepEqual(
    heard.map(({ key, what }) => [key, what]),
    [['key', 'set']],
  )
})
