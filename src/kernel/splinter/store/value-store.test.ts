import assert from 'node:assert/strict'
import { mkdtempSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { after, test } from 'node:test'
import fc from 'fast-check'
import { RunaError } from '#protocol'
import { attachBus, type Bus, createBus } from '../bus.ts'
import { openSegment } from '../segment/segment.ts'
import type { ValueStore } from './value-store.ts'

const folder = mkdtempSync('/dev/shm/runa-store-test-')
const seats: Bus[] = []
after(() => {
  for (const seat of seats) seat.close()
  rmSync(folder, { recursive: true })
})

/** Two members of one bus whose store has room for few keys. */
function newStores(slotsMax: number): { left: ValueStore; right: ValueStore } {
  const path = join(folder, String(seats.length), 'bus')
  createBus({ path, sizeBytes: 2 ** 20, inboxBytes: 16_384, slotsMax, valueBytesMax: 64 })
  const [left, right] = [attachBus(path, { name: 'left' }), attachBus(path, { name: 'right' })]
  seats.push(left, right)
  return { left: left.store, right: right.store }
}

const { left, right } = newStores(64)

test('what one member sets, another reads', () => {
  left.set('greeting', Buffer.from('håt'))
  assert.equal(Buffer.from(right.get('greeting') ?? []).toString(), 'håt')
  const into = new Uint8Array(8)
  assert.equal(right.getInto('greeting', into), 4)
  assert.equal(right.getInto('missing', into), -1)
  assert.throws(() => right.getInto('greeting', new Uint8Array(3)), { code: 'BAD_INPUT' })
  left.set('greeting', new Uint8Array(0))
  assert.equal(right.get('greeting')?.length, 0)
})

test('numbers are added to from both sides, and exchanged when they are as expected', () => {
  assert.equal(left.load('count'), 0n)
  assert.equal(left.add('count', 5n), 5n)
  assert.equal(right.add('count', -7n), -2n)
  assert.equal(left.compareExchange('count', 0n, 9n), -2n)
  assert.equal(left.compareExchange('count', -2n, 9n), -2n)
  assert.equal(right.load('count'), 9n)
  assert.throws(() => left.add('count', 2n ** 63n), { code: 'BAD_INPUT' })
  assert.throws(() => left.set('count', new Uint8Array(1)), { code: 'BAD_INPUT' })
  assert.throws(() => left.add('greeting', 1n), { code: 'BAD_INPUT' })
})

test('keys and values that are too long are refused, and change nothing', () => {
  const before = left.list()
  assert.throws(() => left.set('', new Uint8Array(1)), { code: 'BAD_INPUT' })
  assert.throws(() => left.set('k'.repeat(97), new Uint8Array(1)), { code: 'BAD_INPUT' })
  assert.throws(() => left.set('long', new Uint8Array(65)), { code: 'BAD_INPUT' })
  assert.deepEqual(left.list(), before)
})

test('a full store says so, and has room again after a deletion', () => {
  const { left: small } = newStores(8)
  const value = new Uint8Array([7])
  for (let key = 0; key < 8; key += 1) small.set(`key-${key}`, value)
  assert.throws(() => small.set('one-more', value), { code: 'STORE_FULL' })
  small.set('key-3', new Uint8Array([8]))
  assert.ok(small.delete('key-5'))
  assert.ok(!small.delete('key-5'))
  small.set('one-more', value)
  assert.deepEqual(small.get('one-more'), Buffer.from(value))
  assert.equal(small.get('key-5'), undefined)
  assert.deepEqual(small.list('key-4'), ['key-4'])
  assert.equal(small.list().length, 8)
})

test('a damaged store is a coded error or a wrong value, and never the end of the process', () => {
  const path = join(folder, 'damaged', 'bus')
  createBus({ path, sizeBytes: 2 ** 20, inboxBytes: 16_384, slotsMax: 8, valueBytesMax: 256 })
  const bus = attachBus(path, { name: 'damaged' })
  seats.push(bus)
  const { layout, bytes } = openSegment(path)
  const storeBytes = layout.watches - layout.storeHead
  const damage = fc.array(fc.tuple(fc.nat(storeBytes - 1), fc.nat(255)), { minLength: 1, maxLength: 8 })
  const calls = [
    () => bus.store.get('key'),
    () => bus.store.list(),
    () => bus.store.set('key', new Uint8Array(9)),
    () => bus.store.load('number'),
    () => bus.store.append('key', new Uint8Array(70)),
    () => bus.store.head('key'),
    () => bus.store.compareAndSet('new', 0n, new Uint8Array(3)),
    () => bus.store.getInto('key', new Uint8Array(100)),
    () => bus.store.delete('key'),
    () => bus.store.set('key', new Uint8Array(200)),
  ]
  fc.assert(
    fc.property(damage, (changes) => {
      bytes.fill(0, layout.storeHead, layout.watches)
      bytes.fill(0, layout.arenaTree, layout.arena)
      bus.store.set('key', new Uint8Array(8))
      bus.store.add('number', 1n)
      for (const [at, byte] of changes) bytes[layout.storeHead + at] = byte
      for (const attempt of calls) assertEndsWell(attempt)
    }),
    { numRuns: 200 },
  )
})

function assertEndsWell(attempt: () => unknown): void {
  try {
    attempt()
  } catch (error) {
    assert.ok(error instanceof RunaError, String(error))
  }
}

const keyOf = fc.constantFrom(...Array.from({ length: 12 }, (_, key) => `k${key}`))
const action = fc.oneof(
  fc.record({ do: fc.constant('set'), key: keyOf, value: fc.uint8Array({ maxLength: 64 }) }),
  fc.record({ do: fc.constant('delete'), key: keyOf, value: fc.constant(new Uint8Array(0)) }),
)

test('the store does what a map does, whoever acts', () => {
  fc.assert(
    fc.property(fc.array(fc.tuple(fc.boolean(), action), { maxLength: 60 }), (actions) => {
      for (const key of left.list()) left.delete(key)
      const model = new Map<string, Uint8Array>()
      for (const [side, { do: what, key, value }] of actions) {
        const store = side ? left : right
        if (what === 'set') {
          store.set(key, value)
          model.set(key, value)
        } else {
          assert.equal(store.delete(key), model.delete(key))
        }
        const reader = side ? right : left
        assert.deepEqual(reader.list(), [...model.keys()].sort())
        assert.deepEqual(reader.get(key), model.has(key) ? Buffer.from(model.get(key) ?? []) : undefined)
      }
    }),
    { numRuns: 200 },
  )
})
