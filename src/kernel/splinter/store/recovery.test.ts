import assert from 'node:assert/strict'
import { test } from 'node:test'
import { createTestBuses } from '../fixture.ts'
import { openSegment } from '../segment/segment.ts'
import {
  ARENA_CLEAN,
  GENERATION,
  INDEX_CLEAN,
  LOCK,
  PLACES,
  slotAt,
  VERSION,
  WRITING,
} from './store-words.ts'

const { newBus, seat } = createTestBuses()
/** Of a row that nobody has: as a dead process leaves it. */
const DEAD = (7 << 8) | 31

function newStore() {
  const path = newBus({ storeBytes: 16_384, slotsMax: 16 })
  const { words, layout } = openSegment(path)
  const { store } = seat(path, 'survivor')
  const head = layout.storeHead / 4
  const slotOf = (key: string) => {
    const version = store.head(key)?.version ?? 0n
    const slots = Array.from({ length: 16 }, (_, index) => slotAt(layout, index))
    return slots.find((slot) => words[slot + GENERATION] === Number(version >> 32n)) ?? -1
  }
  return { store, words, layout, head, slotOf }
}

test('whoever takes a slot from the dead moves its version on, so that what was seen before is no longer exchanged', () => {
  const { store, words, slotOf } = newStore()
  store.set('key', Buffer.from('before'))
  const seen = store.head('key')?.version ?? 0n
  Atomics.store(words, slotOf('key') + LOCK, DEAD)
  assert.ok(!store.compareAndSet('key', seen, Buffer.from('after')))
  assert.equal(Buffer.from(store.get('key') ?? []).toString(), 'before')
})

test('a writer that died amid a value leaves the old one, and its side to the next', () => {
  const { store, words, slotOf } = newStore()
  store.set('key', Buffer.from('old'))
  const slot = slotOf('key')
  Atomics.store(words, slot + LOCK, DEAD)
  Atomics.store(words, slot + WRITING, Atomics.load(words, slot + VERSION) + 1)
  assert.equal(Buffer.from(store.get('key') ?? []).toString(), 'old')
  store.set('key', Buffer.from('new'))
  assert.equal(Buffer.from(store.get('key') ?? []).toString(), 'new')
})

test('no death amid taking or giving back leaks a block: the slots say which are in use', () => {
  const { store, words, head, layout } = newStore()
  store.set('kept', Buffer.alloc(4_096, 1))
  store.set('given back', Buffer.alloc(4_096, 2))
  // It died after the tree had changed, and before the slot had.
  words.fill(0, layout.arenaTree / 4, layout.arenaTree / 4 + layout.arenaLeaves / 2)
  Atomics.store(words, head + ARENA_CLEAN, 0)
  store.delete('given back')
  for (const key of ['a', 'b', 'c']) store.set(key, Buffer.alloc(4_096, 3))
  assert.deepEqual(store.get('kept'), Buffer.alloc(4_096, 1))
  assert.throws(() => store.set('d', Buffer.alloc(64)), { code: 'STORE_FULL' })
})

test('a slot that somebody died over while a key came to it, or went, is free again with its blocks', () => {
  const { store, words, head, slotOf } = newStore()
  store.set('dying', Buffer.alloc(4_096, 1))
  store.set('living', Buffer.alloc(4_096, 2))
  const slot = slotOf('dying')
  assert.notEqual(words[slot + PLACES + (Atomics.load(words, slot + VERSION) & 1)], 0)
  Atomics.store(words, head + INDEX_CLEAN, 0)
  Atomics.store(words, slot + LOCK, DEAD)
  Atomics.store(words, slot + GENERATION, 0)
  assert.equal(store.get('dying'), undefined)
  for (let key = 0; key < 13; key += 1) store.set(`key-${key}`, Buffer.alloc(64))
  store.set('dying', Buffer.alloc(4_096, 3))
  store.set('large', Buffer.alloc(2_048, 4))
  assert.deepEqual(store.get('living'), Buffer.alloc(4_096, 2))
  assert.deepEqual(store.get('dying'), Buffer.alloc(4_096, 3))
})

test('the index never fills up with what was deleted', () => {
  const { store, words, layout } = newStore()
  for (let key = 0; key < 1_000; key += 1) {
    store.set(`key-${key}`, Buffer.alloc(8))
    if (key >= 7) store.delete(`key-${key - 7}`)
  }
  const table = words.subarray(layout.index / 4, layout.index / 4 + 2 * layout.indexEntries)
  assert.ok(table.some((entry) => entry === 0))
  assert.deepEqual(
    store.list(),
    [993, 994, 995, 996, 997, 998, 999].map((key) => `key-${key}`),
  )
})
