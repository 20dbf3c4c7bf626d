import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { test } from 'node:test'
import fc from 'fast-check'
import { createTestBuses } from '../fixture.ts'
import { chooseGeometry, layOut } from '../segment/geometry.ts'

const { newBus, seat } = createTestBuses()
const KIBIBYTE = 1_024

/** Two members of one bus, and where it is. */
function newPair(options: Parameters<typeof newBus>[0] = {}) {
  const path = newBus({ storeBytes: 64 * KIBIBYTE, slotsMax: 64, ...options })
  return { path, left: seat(path, 'left').store, right: seat(path, 'right').store }
}

const text = (value: Uint8Array | undefined) => value && Buffer.from(value).toString()

test('values of any size up to a quarter of the store are kept, and a longer one is refused', () => {
  const { left, right } = newPair()
  for (const length of [0, 1, 63, 64, 65, 1_000, 16 * KIBIBYTE]) {
    const value = Buffer.alloc(length, length % 251)
    left.set('key', value)
    assert.deepEqual(right.get('key'), value)
    const into = Buffer.alloc(length + 1, 255)
    assert.equal(right.getInto('key', into), length)
    assert.equal(right.getInto('key', into), length)
    assert.deepEqual(into, Buffer.concat([value, Buffer.of(255)]))
  }
  assert.throws(() => left.set('key', Buffer.alloc(16 * KIBIBYTE + 1)), { code: 'BAD_INPUT' })
  assert.equal(right.get('key')?.length, 16 * KIBIBYTE)
})

test('a handle goes with its key: through changes of size, deletion, and the same name again', () => {
  const { left, right } = newPair()
  const handle = left.handle('key')
  const into = Buffer.alloc(200)
  assert.equal(handle.get(), undefined)
  assert.equal(handle.getInto(into), -1)
  for (const length of [5, 150, 150, 5, 150, 0, 7]) {
    right.set('key', Buffer.alloc(length, length))
    for (let time = 0; time < 3; time += 1) assert.equal(handle.getInto(into), length)
    assert.deepEqual(handle.get(), Buffer.alloc(length, length))
  }
  assert.ok(right.delete('key'))
  right.set('another', Buffer.from('in its slot'))
  assert.equal(handle.getInto(into), -1)
  handle.set(Buffer.from('back'))
  assert.equal(text(right.get('key')), 'back')
  assert.ok(handle.delete())
  assert.deepEqual(right.list(), ['another'])
})

test('reading a known key into a buffer allocates nothing', () => {
  const { left } = newPair()
  const into = Buffer.alloc(KIBIBYTE)
  left.set('key', into)
  const readMany = () => {
    for (let count = 0; count < 200_000; count += 1) left.getInto('key', into)
  }
  readMany()
  const before = process.memoryUsage().heapUsed
  readMany()
  // A single word for each would be 1.6 MB.
  assert.ok(process.memoryUsage().heapUsed - before < 1_000_000)
})

test('a store may have more than a signed word reaches, and no bus more than a view does', () => {
  const options = { sizeBytes: 4 * 2 ** 30 - 4_096, storeBytes: 3 * 2 ** 30, slotsMax: 1_024 }
  const layout = layOut(chooseGeometry(options.sizeBytes, { ...options, membersMax: 2 }))
  assert.ok(layout.arena < 2 ** 31 && layout.arena + layout.storeBytes > 2 ** 31)
  for (const large of [{ storeBytes: 5 * 2 ** 30 }, { topicsBytes: 3 * 2 ** 30 }]) {
    assert.throws(() => newBus({ sizeBytes: 8 * 2 ** 30, ...large }), { code: 'BAD_INPUT' })
  }
})

test('what is appended stands at the end, in place while there is room', () => {
  const { left, right } = newPair()
  let whole = ''
  for (let count = 0; count < 300; count += 1) {
    const piece = `${count},`
    whole += piece
    const store = count % 2 === 0 ? left : right
    assert.equal(store.append('log', Buffer.from(piece)), whole.length)
    assert.equal(text(right.get('log')), whole)
  }
  assert.equal(left.append('log', new Uint8Array(0)), whole.length)
  assert.throws(() => left.append('log', Buffer.alloc(16 * KIBIBYTE)), { code: 'BAD_INPUT' })
  left.add('count', 1n)
  assert.throws(() => left.append('count', Buffer.from('x')), { code: 'BAD_INPUT' })
  assert.equal(text(right.get('log')), whole)
})

test('a value is exchanged only for the version that was looked at', () => {
  const { left, right } = newPair()
  const [one, two] = [Buffer.from('one'), Buffer.from('two')]
  assert.equal(left.head('key'), undefined)
  assert.ok(left.compareAndSet('key', 0n, one))
  assert.ok(!right.compareAndSet('key', 0n, two))
  const seen = right.head('key')?.version ?? -1n
  assert.equal(right.head('key')?.sizeBytes, 3)
  assert.ok(right.compareAndSet('key', seen, two))
  assert.ok(!left.compareAndSet('key', seen, one))
  const again = left.head('key')?.version ?? -1n
  right.append('key', one)
  assert.ok(!left.compareAndSet('key', again, one), 'an addition is another version')
  const before = left.head('key')?.version ?? -1n
  left.delete('key')
  assert.ok(!left.compareAndSet('key', before, one), 'what is gone is no version')
  left.set('key', two)
  assert.ok(!left.compareAndSet('key', before, one), 'nor is what came after it')
  left.add('count', 2n)
  const number = left.head('count')
  assert.deepEqual([number?.type, number?.sizeBytes], ['integer', 8])
  assert.throws(() => left.compareAndSet('count', number?.version ?? -1n, one), { code: 'BAD_INPUT' })
})

test('what is no bytes is refused instead of kept as something else', () => {
  const { left } = newPair()
  left.set('k', Buffer.from('old'))
  for (const wrong of ['text', [1, 2], new Float32Array(2), new ArrayBuffer(4), {}, 7]) {
    const value = wrong as Uint8Array
    assert.throws(() => left.set('k', value), { code: 'BAD_INPUT' })
    assert.throws(() => left.handle('k').set(value), { code: 'BAD_INPUT' })
    assert.throws(() => left.append('k', value), { code: 'BAD_INPUT' })
    assert.throws(() => left.compareAndSet('new', 0n, value), { code: 'BAD_INPUT' })
  }
  for (const wrong of [1, '1', undefined]) {
    assert.throws(() => left.add('n', wrong as unknown as bigint), { code: 'BAD_INPUT' })
    assert.throws(() => left.xor('n', wrong as unknown as bigint), { code: 'BAD_INPUT' })
  }
  assert.throws(() => Object.assign(left, { scrub: 'often' }), { code: 'BAD_INPUT' })
  assert.equal(left.scrub, 'off')
  assert.deepEqual(left.list(), ['k'])
  assert.equal(text(left.get('k')), 'old')
})

test('whole numbers have 64 bits, and what would not fit is refused', () => {
  const { left, right } = newPair()
  const most = 2n ** 63n - 1n
  assert.equal(left.add('n', most), most)
  assert.throws(() => right.add('n', 1n), { code: 'BAD_INPUT' })
  assert.equal(right.load('n'), most)
  assert.equal(left.not('n'), -(2n ** 63n))
  assert.equal(right.and('n', 0n), 0n)
  assert.equal(left.or('n', 0b1100n), 0b1100n)
  assert.equal(right.xor('n', 0b1010n), 0b0110n)
  assert.deepEqual(left.get('n'), Buffer.from([0b0110, 0, 0, 0, 0, 0, 0, 0]))
  assert.equal(left.compareExchange('none', 5n, 6n), 0n)
  assert.ok(!left.list().includes('none'))
  assert.equal(left.compareExchange('none', 0n, 6n), 0n)
  assert.equal(right.load('none'), 6n)
})

test('a store whose blocks are all taken gives back old values first, then says that it is full', () => {
  const { left, right } = newPair()
  const value = Buffer.alloc(4 * KIBIBYTE, 7)
  // Both sides of eight keys take all 64 KiB.
  for (let key = 0; key < 8; key += 1) {
    left.set(`key-${key}`, value)
    left.set(`key-${key}`, value)
  }
  for (let key = 8; key < 15; key += 1) right.set(`key-${key}`, value)
  right.set('key-0', Buffer.alloc(4 * KIBIBYTE, 8))
  right.set('last', Buffer.alloc(KIBIBYTE, 9))
  assert.throws(() => right.set('too-much', value), { code: 'STORE_FULL' })
  assert.throws(() => right.append('last', value), { code: 'STORE_FULL' })
  assert.equal(right.get('too-much'), undefined)
  assert.deepEqual(left.get('last'), Buffer.alloc(KIBIBYTE, 9))
  assert.deepEqual(left.get('key-0'), Buffer.alloc(4 * KIBIBYTE, 8))
  for (const key of left.list()) assert.ok(left.delete(key))
  for (const side of [left, right]) side.set('whole', Buffer.alloc(16 * KIBIBYTE, 1))
})

test('what scrubbing says is gone stands nowhere in memory', () => {
  const { path, left, right } = newPair()
  const isThere = (word: string) => readFileSync(path).includes(word)
  assert.equal(left.scrub, 'off')
  left.set('key-off', Buffer.from('heron'))
  left.delete('key-off')
  assert.ok(isThere('heron') && isThere('key-off'))
  left.scrub = 'hybrid'
  assert.equal(right.scrub, 'hybrid')
  right.set('key-hybrid', Buffer.from('stork'))
  right.set('key-hybrid', Buffer.from('crane'))
  assert.ok(isThere('stork'))
  right.delete('key-hybrid')
  for (const word of ['stork', 'crane', 'key-hybrid']) assert.ok(!isThere(word), word)
  left.scrub = 'full'
  const handle = right.handle('key-full')
  for (const word of ['egret', 'bittern', 'spoonbill']) handle.set(Buffer.from(word))
  for (const word of ['egret', 'bittern']) assert.ok(!isThere(word), word)
  assert.equal(text(handle.get()), 'spoonbill')
})

const operand = fc.record({
  does: fc.constantFrom('set', 'append', 'delete', 'compareAndSet'),
  byLeft: fc.boolean(),
  key: fc.constantFrom('a', 'b', 'c', 'd'),
  length: fc.oneof(fc.nat(70), fc.nat(3_000)),
  filling: fc.nat(255),
})

test('values do what those of a map do, whatever their lengths and whoever acts', () => {
  const { left, right } = newPair()
  fc.assert(
    fc.property(fc.array(operand, { maxLength: 40 }), (operands) => {
      for (const key of left.list()) left.delete(key)
      const model = new Map<string, Buffer>()
      for (const { does, byLeft, key, length, filling } of operands) {
        const [store, other] = byLeft ? [left, right] : [right, left]
        const value = Buffer.alloc(length, filling)
        const before = model.get(key)
        if (does === 'append' && (before?.length ?? 0) + length > 16 * KIBIBYTE) continue
        if (does === 'delete') assert.equal(store.delete(key), model.delete(key))
        else model.set(key, does === 'append' && before ? Buffer.concat([before, value]) : value)
        if (does === 'set') store.set(key, value)
        if (does === 'append') assert.equal(store.append(key, value), model.get(key)?.length)
        if (does === 'compareAndSet') {
          assert.ok(store.compareAndSet(key, other.head(key)?.version ?? 0n, value))
        }
        for (const each of [left, right]) assert.deepEqual(each.get(key), model.get(key))
      }
      assert.deepEqual(left.list(), [...model.keys()].sort())
    }),
    { numRuns: 200 },
  )
})
