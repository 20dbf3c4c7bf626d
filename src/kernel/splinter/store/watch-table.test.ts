import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { WATCH_BYTES, WATCH_HEADER_BYTES, WATCHES_MAX } from '../segment/geometry.ts'
import { type Watched, WatchTable } from './watch-table.ts'

const SLOTS = 100
const ROWS = 4
const START = 128
const ROW_BYTES = WATCH_HEADER_BYTES + WATCHES_MAX * WATCH_BYTES + 64

function newMemory() {
  const memory = new SharedArrayBuffer(START + ROWS * ROW_BYTES + 64)
  return { words: new Int32Array(memory), bytes: Buffer.from(memory) }
}

function newTable(memory = newMemory()): WatchTable {
  return new WatchTable(memory, { watches: START, watchBytes: ROW_BYTES, slotsMax: SLOTS, membersMax: ROWS })
}

const key = (text: string): Watched => ({ kind: 'key', bytes: Buffer.from(text) })
const prefix = (text: string): Watched => ({ kind: 'prefix', bytes: Buffer.from(text) })

test('each row is found by its keys, its prefixes and its labels, until it ends them', () => {
  const table = newTable()
  const watch = table.add(0, key('a.1'))
  table.add(1, prefix('a.'))
  table.add(2, { kind: 'label', label: 3 })
  table.add(3, { kind: 'label', label: 63 })
  assert.equal(table.rowsThatWatch(Buffer.from('a.1'), 0, 0), 0b0011)
  assert.equal(table.rowsThatWatch(Buffer.from('a.10'), 1 << 3, 0), 0b0110)
  assert.equal(table.rowsThatWatch(Buffer.from('b'), 0, 1 << 31), 0b1000)
  assert.equal(table.rowsThatWatch(Buffer.from('a'), 0, 0), 0)
  table.remove(0, watch)
  assert.equal(table.rowsThatWatch(Buffer.from('a.1'), 0, 0), 0b0010)
})

test('an empty prefix watches every key, those without labels too', () => {
  const table = newTable()
  table.add(2, prefix(''))
  fc.assert(
    fc.property(fc.string({ minLength: 1 }), (text) => {
      assert.equal(table.rowsThatWatch(Buffer.from(text), 0, 0), 0b0100)
    }),
  )
})

test('a row has room for so many watches, and for another when one has ended', () => {
  const table = newTable()
  for (let watch = 0; watch < WATCHES_MAX; watch += 1) assert.equal(table.add(0, key(`k${watch}`)), watch)
  assert.equal(table.add(0, key('one more')), -1)
  assert.equal(table.add(1, key('another row')), 0)
  table.remove(0, 7)
  assert.equal(table.add(0, key('one more')), 7)
  assert.equal(table.add(ROWS, key('no such row')), -1)
})

test('marks are taken once, and by the row that they were made for', () => {
  const table = newTable()
  fc.assert(
    fc.property(fc.uniqueArray(fc.nat(SLOTS - 1)), fc.nat(ROWS - 1), (slotNumbers, row) => {
      const before = table.rounds(row)
      for (const slotNumber of [...slotNumbers, ...slotNumbers]) table.mark(row, slotNumber)
      assert.equal(table.rounds(row) !== before, slotNumbers.length > 0)
      assert.deepEqual(table.takeMarks((row + 1) % ROWS), [])
      assert.deepEqual(
        table.takeMarks(row),
        slotNumbers.sort((left, right) => left - right),
      )
      assert.deepEqual(table.takeMarks(row), [])
    }),
  )
})

test('a row that is taken again has neither the watches nor the marks of the one before', () => {
  const table = newTable()
  table.add(1, prefix('a'))
  table.mark(1, 5)
  assert.ok(table.hasBeenUsed(1))
  assert.ok(!table.hasBeenUsed(0))
  table.clear(1)
  assert.equal(table.rowsThatWatch(Buffer.from('a'), 0, 0), 0)
  assert.deepEqual(table.takeMarks(1), [])
  assert.ok(!table.hasBeenUsed(1))
})

test('damaged memory marks too many or too few slots, all of them inside of the store', () => {
  fc.assert(
    fc.property(fc.uint8Array({ minLength: 256, maxLength: 2_048 }), (damage) => {
      const memory = newMemory()
      memory.bytes.set(damage, START + 4)
      const table = newTable(memory)
      table.rowsThatWatch(Buffer.from('key'), -1, -1)
      for (let row = 0; row < ROWS; row += 1) {
        for (const slotNumber of table.takeMarks(row)) assert.ok(slotNumber < SLOTS)
      }
    }),
  )
})
