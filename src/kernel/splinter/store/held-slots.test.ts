import assert from 'node:assert/strict'
import { test } from 'node:test'
import { createTestBuses } from '../fixture.ts'
import { createMemberTable } from '../seat/members.ts'
import { createOwnerLocks } from '../seat/owner-lock.ts'
import { createProtection } from '../segment/privacy.ts'
import { openSegment } from '../segment/segment.ts'
import { createStoreParts } from './create-parts.ts'
import { FIRST_FREE, HAS_LIFETIME, INDEX_CLEAN, LOCK, slotAt, TYPE } from './store-words.ts'

const { newBus, seat } = createTestBuses()
const value = Buffer.from('value')

function newParts() {
  const path = newBus({ storeBytes: 16_384, slotsMax: 16 })
  const segment = openSegment(path)
  const own = createMemberTable(segment).claim('one')
  const parts = createStoreParts(
    segment,
    createOwnerLocks(segment.words, own),
    createProtection(path, segment.privacy, {}),
  )
  const { words, layout } = segment
  const head = layout.storeHead / 4
  /** As a process that was stopped: it lives, and does not let go. */
  const stopped = createMemberTable(openSegment(path)).claim('stopped')
  const firstFree = () => slotAt(layout, (words[head + FIRST_FREE] ?? 0) - 1)
  return { ...parts, path, words, head, stopped, firstFree }
}

test('a key that comes takes another slot than one over which a process was stopped', () => {
  const { entryOf, words, stopped, firstFree } = newParts()
  entryOf('went').set(value)
  entryOf('went').delete()
  const held = firstFree()
  Atomics.store(words, held + LOCK, stopped.stamp)
  for (let key = 0; key < 15; key += 1) entryOf(`key-${key}`).set(value)
  assert.equal(firstFree(), held)
  assert.throws(() => entryOf('one too many').set(value), { code: 'BUS_BACKPRESSURE' })
  Atomics.store(words, held + LOCK, 0)
  entryOf('the last').set(value)
  assert.deepEqual(entryOf('the last').get(), value)
})

test('who waits for a key that a stopped process holds keeps nobody from inserting', () => {
  const { entryOf, words, stopped, slots, head } = newParts()
  const entry = entryOf('held')
  entry.set(value)
  Atomics.store(words, entry.slot + LOCK, stopped.stamp)
  assert.throws(() => entry.delete(), { code: 'BUS_BACKPRESSURE' })
  assert.equal(words[head + INDEX_CLEAN], 1)
  assert.ok(slots.isHeld(entry.slot))
})

test('a change that others come before is made in the end, or refused as too busy, and never for want of room', () => {
  const { entryOf, slots, words } = newParts()
  const entry = entryOf('busy')
  entry.set(value)
  let races = 0
  const { companion } = slots
  const change = () => slots.change(entry, () => 'changed')
  const loseAll = (until: number) => {
    races = 0
    // As if it had gone, each time that somebody looks.
    const use = () => {
      races += 1
      return races > until
    }
    slots.companion = { ...companion, use }
    Atomics.or(words, entry.slot + TYPE, HAS_LIFETIME)
  }
  loseAll(500)
  assert.equal(change(), 'changed')
  loseAll(Number.POSITIVE_INFINITY)
  assert.throws(change, { code: 'BUS_BACKPRESSURE' })
})

test('bad input for a key that would have come costs nobody a new index', () => {
  const { slots, entryOf, words, head } = newParts()
  const refuse = () => {
    throw new RangeError('refused')
  }
  assert.throws(() => slots.change(entryOf('refused'), refuse), RangeError)
  assert.equal(words[head + INDEX_CLEAN], 1)
  for (let key = 0; key < 16; key += 1) entryOf(`key-${key}`).set(value)
  assert.throws(() => entryOf('one too many').set(value), { code: 'STORE_FULL' })
})

test('what a caller without types gives is refused, and changes nothing', () => {
  const { store } = seat(newBus(), 'one')
  store.set('key', value)
  store.add('count', 1n)
  const before = [store.head('key'), store.head('count')]
  const version = before[0]?.version ?? 0n
  const wrong = <Type>(given: unknown) => given as Type
  const calls: (() => unknown)[] = [
    () => store.set(wrong(5), value),
    () => store.get(wrong(undefined)),
    () => store.list(wrong(5)),
    () => store.compareAndSet('key', wrong(Number(version)), value),
    () => store.compareAndSet('new', wrong(0), value),
    () => store.compareExchange('count', wrong(1), 2n),
    () => store.add('count', wrong(1)),
    () => store.set('key', value, { timeToLiveMs: Number.NaN }),
    () => store.set('key', value, { timeToLiveMs: wrong('5') }),
    () => store.set('key', value, { decay: { halfLifeMs: -1, threshold: 0.5 } }),
    () => store.set('key', value, { decay: { halfLifeMs: 1, threshold: wrong('0.5') } }),
    () => store.label('key', { add: wrong(1) }),
    () => store.watch(wrong({}), () => {}),
    () => store.watch(wrong('key'), () => {}),
    () => store.watch({ key: 'key' }, wrong(undefined)),
    () => store.watch({ key: 'k'.repeat(97) }, () => {}),
    () => store.watch({ prefix: 'k'.repeat(97) }, () => {}),
    () => store.watch({ label: 64 }, () => {}),
  ]
  for (const call of calls) assert.throws(call, { code: 'BAD_INPUT' }, String(call))
  assert.deepEqual([store.head('key'), store.head('count')], before)
  assert.deepEqual(store.list(), ['count', 'key'])
})
