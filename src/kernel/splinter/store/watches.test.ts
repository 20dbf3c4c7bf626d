import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { createWatches, type KeyChange, type Sighting, type WatchedKeys } from './watches.ts'

const SLOTS = 6

/** A store without memory: a few slots that keys come to and go from, with marks as a writer leaves them. */
function newKeys() {
  const slots: ({ key: string; sighting: Sighting } | undefined)[] = Array(SLOTS).fill(undefined)
  const ends = new Map<number, KeyChange['what']>()
  const marks = new Set<number>()
  const changing = new Set<number>()
  let generation = 0
  let rounds = 0

  function mark(slotNumber: number): void {
    marks.add(slotNumber)
    rounds += 1
  }
  const slotOf = (key: string) => slots.findIndex((slot) => slot?.key === key)

  function set(key: string, labelsLow = 0): void {
    const found = slotOf(key)
    const slotNumber = found >= 0 ? found : slots.indexOf(undefined)
    if (slotNumber < 0) return
    const before = slots[slotNumber]?.sighting
    generation += before ? 0 : 1
    const version = (before?.version ?? BigInt(generation) << 32n) + 1n
    const sighting = {
      slotNumber,
      generation: before?.generation ?? generation,
      version,
      labelsLow,
      labelsHigh: 0,
    }
    slots[slotNumber] = { key, sighting }
    mark(slotNumber)
  }

  function end(key: string, what: KeyChange['what'] = 'deleted'): void {
    const slotNumber = slotOf(key)
    const slot = slots[slotNumber]
    if (!slot) return
    ends.set(slot.sighting.generation, what)
    slots[slotNumber] = undefined
    mark(slotNumber)
  }

  const keys: WatchedKeys = {
    hasReadableKeys: true,
    storedKey: Buffer.from,
    look: (key) => slots[slotOf(Buffer.from(key).toString())]?.sighting,
    keyIn: (slotNumber) => (slots[slotNumber] ? Buffer.from(slots[slotNumber].key) : undefined),
    isChanging: (slotNumber) => changing.has(slotNumber),
    endOf: (_slotNumber, of) => ends.get(of) ?? 'deleted',
    begin(watched, each) {
      const first = watched.kind === 'label' ? '' : Buffer.from(watched.bytes).toString()
      for (const slot of slots) if (slot?.key.startsWith(first)) each(Buffer.from(slot.key))
      return 0
    },
    end: () => {},
    leave: () => {},
    rounds: () => rounds,
    takeMarks() {
      const taken = [...marks]
      marks.clear()
      return taken
    },
  }
  return { keys, set, end, slots, changing }
}

test('a watcher is told what became of a key, once for all that happened since it looked', () => {
  const { keys, set, end } = newKeys()
  const changes: string[] = []
  const watches = createWatches(keys, () => {})
  const stop = watches.watch({ key: 'a' }, ({ key, what }) => changes.push(`${key} ${what}`))
  set('b')
  watches.drain()
  assert.deepEqual(changes, [])
  set('a')
  set('a')
  assert.ok(watches.hasWork())
  watches.drain()
  assert.deepEqual(changes, ['a set'])
  end('a', 'expired')
  watches.drain()
  set('a')
  end('a')
  watches.drain()
  assert.deepEqual(changes, ['a set', 'a expired'])
  stop()
  set('a')
  watches.drain()
  assert.equal(changes.length, 2)
})

test('a key that goes and comes again is one change, in whatever slot it comes', () => {
  const { keys, set, end } = newKeys()
  const changes: KeyChange[] = []
  set('a')
  const watches = createWatches(keys, () => {})
  watches.watch({ prefix: 'a' }, (change) => changes.push(change))
  end('a')
  set('x')
  set('a')
  watches.drain()
  assert.deepEqual(
    changes.map(({ key, what }) => `${key} ${what}`),
    ['a set'],
  )
})

test('a key that comes where another one went hides nothing of that', () => {
  const { keys, set, end } = newKeys()
  const changes: string[] = []
  for (const key of ['x', 'a.10', 'a.2']) set(key)
  const watches = createWatches(keys, () => {})
  watches.watch({ prefix: 'a.' }, ({ key, what }) => changes.push(`${key} ${what}`))
  watches.drain()
  for (const key of ['a.10', 'a.2']) end(key)
  for (const key of ['y', 'a.10']) set(key)
  watches.drain()
  assert.deepEqual(changes.sort(), ['a.10 set', 'a.2 deleted'])
})

test('a label is told of as long as keys have it, and once when they lose it', () => {
  const { keys, set } = newKeys()
  const changes: string[] = []
  const watches = createWatches(keys, () => {})
  watches.watch({ label: 3 }, ({ key, what }) => changes.push(`${key} ${what}`))
  for (const labels of [0, 8, 9, 1, 1]) {
    set('a', labels)
    watches.drain()
  }
  assert.deepEqual(changes, ['a set', 'a set', 'a set'])
})

test('a slot that somebody was changing is looked at until that one is through, or dead', () => {
  const { keys, set, slots, changing } = newKeys()
  let told = 0
  let woken = 0
  const watches = createWatches(keys, () => (woken += 1))
  watches.watch({ prefix: '' }, () => (told += 1))
  set('a')
  changing.add(0)
  watches.drain()
  assert.equal(told, 1)
  // The writer has written, and dies before it says so.
  const slot = slots[0]
  assert.ok(slot)
  slots[0] = { ...slot, sighting: { ...slot.sighting, version: slot.sighting.version + 1n } }
  changing.clear()
  watches.drain()
  assert.equal(told, 2)
  assert.equal(watches.drain(), false)
  watches.close()
  assert.equal(woken, 0)
})

test('what throws is told of no second time, and keeps nothing from the others', () => {
  const { keys, set } = newKeys()
  const watches = createWatches(keys, () => {})
  let told = 0
  watches.watch({ key: 'a' }, () => {
    throw new Error('a listener that fails')
  })
  watches.watch({ key: 'a' }, () => (told += 1))
  set('a')
  assert.throws(() => watches.drain())
  assert.ok(watches.hasWork())
  watches.drain()
  assert.equal(told, 1)
  assert.ok(!watches.hasWork())
})

const keyOf = fc.constantFrom('a', 'a.1', 'b', 'b.1')
const step = fc.oneof(
  fc.record({ do: fc.constant('set' as const), key: keyOf, labels: fc.nat(3) }),
  fc.record({ do: fc.constant('end' as const), key: keyOf, labels: fc.constant(0) }),
  fc.record({ do: fc.constant('look' as const), key: keyOf, labels: fc.constant(0) }),
)

test('who keeps a copy by what it is told has, once it has looked, what stands there', () => {
  fc.assert(
    fc.property(fc.array(step, { maxLength: 50 }), (steps) => {
      const { keys, set, end, slots } = newKeys()
      const watches = createWatches(keys, () => {})
      const copy = new Map<string, bigint>()
      watches.watch({ prefix: 'a' }, ({ key, what, version }) => {
        if (what === 'set') copy.set(key, version)
        else assert.ok(copy.delete(key))
      })
      for (const { do: what, key, labels } of [...steps, { do: 'look' as const, key: '', labels: 0 }]) {
        if (what === 'set') set(key, labels)
        else if (what === 'end') end(key)
        else watches.drain()
      }
      const standing = slots.flatMap((slot) => (slot?.key.startsWith('a') ? [slot] : []))
      assert.deepEqual(
        [...copy].sort(),
        standing.map(({ key, sighting }) => [key, sighting.version] as const).sort(),
      )
    }),
  )
})
