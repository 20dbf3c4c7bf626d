import assert from 'node:assert/strict'
import { readFileSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { test } from 'node:test'
import { createKey } from '#kernel/seal'
import type { Bus } from '../bus.ts'
import { createTestBuses } from '../fixture.ts'

const { newBus, seat } = createTestBuses()
const secret = createKey()
const text = (bytes: Uint8Array | undefined) => bytes && Buffer.from(bytes).toString()
const snapshotOf = (path: string) => join(dirname(path), 'snapshot')

/** Everything that a store tells of its keys. */
function told({ store }: Bus) {
  return store.list().map((key) => {
    const { version: _, strength: __, writes: ___, ...head } = store.head(key) ?? { version: 0n, writes: 0 }
    return [key, text(store.get(key)), head, store.orders(key)]
  })
}

test('a snapshot brings back values, types, labels, numbers, orders and lifetimes, over what they have become', async () => {
  const path = newBus()
  const bus = seat(path, 'a')
  const { store } = bus
  store.set('page', Buffer.from('{"heron":1}'))
  store.setType('page', 'json')
  store.label('page', { add: 5n | (1n << 63n) })
  store.add('count', -(2n ** 62n))
  store.set('fading', Buffer.from('a mood'))
  store.decay('fading', { halfLifeMs: 60_000, threshold: 0.1 })
  store.set('brief', Buffer.from('an hour'))
  store.expire('brief', 3_600_000)
  store.set('empty', new Uint8Array(0))
  store.appendOrder('log', Buffer.from('one'))
  store.appendOrder('log', Buffer.from('two'))
  const before = told(bus)
  const { keys, sha256 } = await bus.snapshot(snapshotOf(path))
  assert.equal(keys, 7)
  assert.equal(readFileSync(snapshotOf(path)).subarray(-32).toString('hex'), sha256)

  store.set('page', Buffer.from('changed'))
  store.delete('count')
  store.set('count', Buffer.from('no number any more'))
  store.set('since', Buffer.from('stays'))
  const restored = await bus.restore(snapshotOf(path))
  assert.deepEqual([restored.keys, restored.expired], [7, 0])
  assert.equal(text(store.get('since')), 'stays')
  store.delete('since')
  assert.deepEqual(told(bus), before)
  assert.equal(store.add('count', 1n), -(2n ** 62n) + 1n)
  store.set('fading', Buffer.from('again'))

  const other = seat(newBus(), 'b')
  await other.restore(snapshotOf(path))
  assert.deepEqual(
    told(other).map(([key]) => key),
    before.map(([key]) => key),
  )
  assert.equal(other.store.appendOrder('log', Buffer.from('three')), 2)
})

test('what is hashed and sealed stays so in a snapshot, and opens with the secret alone', async () => {
  const path = newBus({ seals: 'everything', keys: 'hashed', secret })
  const bus = seat(path, 'a', { secret })
  bus.store.set('diary', Buffer.from('the heron at the mill pond'))
  await bus.snapshot(snapshotOf(path))
  const file = readFileSync(snapshotOf(path))
  for (const word of ['diary', 'heron']) assert.ok(!file.includes(word))
  const again = seat(newBus({ seals: 'everything', keys: 'hashed', secret }), 'b', { secret })
  await again.restore(snapshotOf(path))
  assert.equal(text(again.store.get('diary')), 'the heron at the mill pond')
  const otherSecret = createKey()
  const stranger = seat(newBus({ seals: 'everything', keys: 'hashed', secret: otherSecret }), 'c', {
    secret: otherSecret,
  })
  await assert.rejects(stranger.restore(snapshotOf(path)), { code: 'SNAPSHOT_FOREIGN', message: /secret/ })
  const plain = seat(newBus(), 'd')
  await assert.rejects(plain.restore(snapshotOf(path)), { code: 'SNAPSHOT_FOREIGN', message: /hashed keys/ })
})

test('a snapshot that is damaged, missing, or too large for the store changes nothing', async () => {
  const path = newBus()
  const bus = seat(path, 'a')
  for (let key = 0; key < 30; key += 1) bus.store.set(`key-${key}`, Buffer.alloc(1_000, key))
  await bus.snapshot(snapshotOf(path))
  const small = seat(newBus({ slotsMax: 20 }), 'b')
  small.store.set('key-1', Buffer.from('mine'))
  const before = told(small)
  const sound = readFileSync(snapshotOf(path))
  await assert.rejects(small.restore(snapshotOf(path)), { code: 'STORE_FULL', message: /30 keys/ })
  const narrow = seat(newBus({ storeBytes: 16_384, slotsMax: 64 }), 'c')
  await assert.rejects(narrow.restore(snapshotOf(path)), { code: 'STORE_FULL', message: /bytes/ })
  assert.deepEqual(narrow.store.list(), [])
  sound[sound.length >> 1] = (sound[sound.length >> 1] ?? 0) ^ 1
  writeFileSync(snapshotOf(path), sound)
  await assert.rejects(small.restore(snapshotOf(path)), { code: 'SNAPSHOT_BROKEN' })
  await assert.rejects(small.restore(`${path}-none`), { code: 'FILE_NOT_FOUND' })
  assert.deepEqual(told(small), before)
})

test('a key whose time came after the snapshot is not brought back', async () => {
  const path = newBus()
  const bus = seat(path, 'a')
  bus.store.set('brief', Buffer.from('soon gone'))
  bus.store.expire('brief', 20)
  bus.store.set('lasting', Buffer.from('here'))
  await bus.snapshot(snapshotOf(path))
  while (bus.store.get('brief')) await new Promise((resolve) => setTimeout(resolve, 5))
  const { keys, expired } = await bus.restore(snapshotOf(path))
  assert.deepEqual([keys, expired], [1, 1])
  assert.equal(bus.store.get('brief'), undefined)
})
