import assert from 'node:assert/strict'
import { randomBytes } from 'node:crypto'
import { test } from 'node:test'
import { createTestBuses } from '../fixture.ts'

const { newBus, seat } = createTestBuses()
const [left, right] = ((path) => [seat(path, 'left').store, seat(path, 'right').store] as const)(newBus())
const value = Buffer.from('value')

test('a value has the type that its writer names, and keeps it until another is named', () => {
  left.set('page', value, { type: 'json' })
  assert.equal(right.head('page')?.type, 'json')
  right.set('page', value)
  assert.equal(left.head('page')?.type, 'json')
  assert.ok(left.setType('page', 'vector'))
  assert.equal(right.head('page')?.type, 'vector')
  assert.ok(!left.setType('missing', 'text'))
})

test('numbers are of type integer, and nothing else becomes or stops being one', () => {
  left.add('count', 1n)
  assert.equal(left.head('count')?.type, 'integer')
  assert.ok(left.setType('count', 'integer'))
  assert.throws(() => left.setType('count', 'text'), { code: 'BAD_INPUT' })
  assert.throws(() => left.setType('page', 'integer'), { code: 'BAD_INPUT' })
  assert.throws(() => left.set('page', value, { type: 'integer' }), { code: 'BAD_INPUT' })
  assert.throws(() => left.setType('page', 'poem' as 'text'), { code: 'BAD_INPUT' })
  assert.equal(left.head('page')?.type, 'vector')
})

test('keys are found by all or any of their labels, numbers too', () => {
  left.label('page', { add: 1n | (1n << 63n) })
  right.label('count', { add: (1n << 63n) | (1n << 40n) })
  assert.deepEqual(left.labelled(1n << 63n), ['count', 'page'])
  assert.deepEqual(left.labelled(1n | (1n << 63n)), ['page'])
  assert.deepEqual(left.labelled(1n | (1n << 40n), 'any'), ['count', 'page'])
  assert.deepEqual(left.labelled(0n, 'any'), [])
  assert.equal(right.label('page', { add: 2n, remove: 1n << 63n }), 3n)
  assert.deepEqual(left.labelled(1n << 63n), ['count'])
  assert.equal(left.label('missing', { add: 1n }), 0n)
  assert.throws(() => left.label('page', { add: 1n << 64n }), { code: 'BAD_INPUT' })
  assert.equal(left.head('page')?.labels, 3n)
})

test('what is said of a key goes with it', () => {
  left.set('brief', value, {
    type: 'text',
    timeToLiveMs: 60_000,
    decay: { halfLifeMs: 1_000, threshold: 0.1 },
  })
  left.label('brief', { add: 7n })
  left.delete('brief')
  left.set('brief', value)
  const { type, labels, expiresAt, halfLifeMs, strength, orders } = left.head('brief') ?? {}
  assert.deepEqual(
    [type, labels, expiresAt, halfLifeMs, strength, orders],
    ['bytes', 0n, undefined, undefined, undefined, 0],
  )
})

test('ordered keys are numbered across processes, and count on when one was deleted', () => {
  assert.equal(left.appendOrder('log', value), 0)
  assert.equal(right.appendOrder('log', value), 1)
  assert.equal(left.appendOrder('log', value, { type: 'text' }), 2)
  assert.ok(right.delete('log.2'))
  assert.equal(right.appendOrder('log', value), 3)
  assert.deepEqual(left.orders('log'), ['log', 'log.1', 'log.3'])
  assert.equal(right.head('log')?.orders, 3)
  for (let number = 4; number <= 10; number += 1) right.appendOrder('log', value)
  assert.deepEqual(left.orders('log').slice(-2), ['log.9', 'log.10'])
  assert.throws(() => left.appendOrder('k'.repeat(96), value) || left.appendOrder('k'.repeat(96), value), {
    code: 'BAD_INPUT',
  })
})

test('times to live, half-lives and thresholds that make no sense are refused, and change nothing', () => {
  left.set('kept', value, { timeToLiveMs: 60_000 })
  const before = left.head('kept')?.expiresAt
  for (const timeToLiveMs of [0, -1, Number.NaN]) {
    assert.throws(() => left.expire('kept', timeToLiveMs), { code: 'BAD_INPUT' })
    assert.throws(() => left.set('kept', new Uint8Array(1), { timeToLiveMs }), { code: 'BAD_INPUT' })
  }
  for (const sweepEveryMs of [0, -1, Number.NaN, 2 ** 31]) {
    assert.throws(() => seat(newBus(), 'sweeping', { sweepEveryMs }), { code: 'BAD_INPUT' })
  }
  assert.throws(() => left.decay('kept', { halfLifeMs: 1, threshold: 1 }), { code: 'BAD_INPUT' })
  assert.equal(left.head('kept')?.expiresAt, before)
  assert.deepEqual(left.get('kept'), value)
  assert.ok(left.expire('kept', undefined))
  assert.equal(left.head('kept')?.expiresAt, undefined)
})

test('where keys are hashed and values sealed, all of it works but what would name keys', () => {
  const secret = randomBytes(32)
  const path = newBus({ seals: 'everything', keys: 'hashed', secret })
  const [one, two] = [seat(path, 'one', { secret }).store, seat(path, 'two', { secret }).store]
  one.set('turn', value, { type: 'text', timeToLiveMs: 60_000 })
  one.label('turn', { add: 4n })
  assert.deepEqual(two.get('turn'), value)
  assert.deepEqual([two.head('turn')?.type, two.head('turn')?.labels], ['text', 4n])
  assert.equal(two.add('turns', 2n), 2n)
  assert.equal(two.appendOrder('turn', value), 1)
  assert.equal(one.appendOrder('turn', value), 2)
  assert.ok(one.delete('turn.1'))
  assert.deepEqual(two.orders('turn'), ['turn', 'turn.2'])
  assert.throws(() => one.labelled(4n), { code: 'BAD_INPUT' })
  assert.throws(() => one.list(), { code: 'BAD_INPUT' })
})

test('the figures say how full the store is', () => {
  const { store } = seat(newBus({ slotsMax: 16, storeBytes: 16_384 }), 'alone')
  assert.deepEqual(store.figures(), {
    keys: 0,
    keysMax: 16,
    blocks: 0,
    usedBytes: 0,
    storeBytes: 16_384,
    expired: 0,
    evicted: 0,
    untold: 0,
  })
  store.set('a', new Uint8Array(100))
  store.set('b', new Uint8Array(1))
  store.set('b', new Uint8Array(1))
  const { keys, blocks, usedBytes } = store.figures()
  assert.deepEqual([keys, blocks, usedBytes], [2, 3, 128 + 64 + 64])
})
