import assert from 'node:assert/strict'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, test } from 'node:test'
import fc from 'fast-check'
import { attachBus, type Bus, createBus } from '../bus.ts'
import { SLOT_BYTES } from '../segment/geometry.ts'
import { hashOf } from '../store/key-index.ts'
import { CHECKS, GENERATION, HASH, KEY, KEY_LENGTH, VERSION } from '../store/store-words.ts'
import { checkOf, checkSeed } from '../store/value-check.ts'

const PAGE_BYTES = 4_096
const folder = mkdtempSync(join(tmpdir(), 'runa-power-loss-test-'))
const seats: Bus[] = []
after(() => {
  for (const seat of seats) seat.close()
  rmSync(folder, { recursive: true })
})
let files = 0

function newBus(): { path: string; bus: Bus } {
  files += 1
  const path = join(folder, `${files}`, 'bus')
  const sizes = {
    sizeBytes: 2 ** 19,
    inboxBytes: 4_096,
    topicsBytes: 4_096,
    slotsMax: 24,
    storeBytes: 32_768,
  }
  createBus({ path, persistent: true, ...sizes })
  return { path, bus: seat(path) }
}

function seat(path: string): Bus {
  const bus = attachBus(path, { name: 'test' })
  seats.push(bus)
  return bus
}

/** A file with those bytes, as it may be found after the power is back. */
function found(path: string, image: Uint8Array): string {
  files += 1
  const copy = `${path}-${files}`
  writeFileSync(copy, image, { mode: 0o600 })
  return copy
}

const keyOf = fc.constantFrom(...Array.from({ length: 10 }, (_, key) => `key-${key}`))
const content = fc.record({ fill: fc.nat(255), length: fc.oneof(fc.nat(200), fc.nat(6_000)) })
const action = fc.oneof(
  { weight: 4, arbitrary: fc.record({ do: fc.constant('set' as const), key: keyOf, content }) },
  { weight: 1, arbitrary: fc.record({ do: fc.constant('append' as const), key: keyOf, content }) },
  { weight: 1, arbitrary: fc.record({ do: fc.constant('delete' as const), key: keyOf, content }) },
)
type Action = typeof action extends fc.Arbitrary<infer Value> ? Value : never

/** Everything that each key has held since the flush: undefined for nothing. */
type Histories = Map<string, (string | undefined)[]>

function act(bus: Bus, { do: what, key, content: { fill, length } }: Action): void {
  const value = Buffer.alloc(length, fill)
  try {
    if (what === 'set') bus.store.set(key, value)
    else if (what === 'append') bus.store.append(key, value.subarray(0, length >> 3))
    else bus.store.delete(key)
  } catch (error) {
    assert.equal((error as { code: string }).code, 'STORE_FULL')
  }
}

function heldBy(bus: Bus, key: string): string | undefined {
  const value = bus.store.get(key)
  return value && Buffer.from(value).toString('latin1')
}

const KEYS = Array.from({ length: 10 }, (_, key) => `key-${key}`)
const page = fc.infiniteStream(fc.nat(1_000))

test('whatever pages a power cut leaves, each value is one that stood there, or is named as lost', () => {
  const { path, bus } = newBus()
  const actions = fc.array(action, { maxLength: 15 })
  const everHeld = new Map(KEYS.map((key) => [key, new Set<string | undefined>()]))
  const actAndNote = (each: Action) => {
    act(bus, each)
    everHeld.get(each.key)?.add(heldBy(bus, each.key))
  }
  fc.assert(
    fc.property(actions, actions, page, (before, since, pages) => {
      for (const each of before) actAndNote(each)
      const flushed = readFileSync(path)
      const histories: Histories = new Map(KEYS.map((key) => [key, [heldBy(bus, key)]]))
      const touched = new Set<string>()
      const images = [flushed]
      for (const each of since) {
        actAndNote(each)
        touched.add(each.key)
        histories.get(each.key)?.push(heldBy(bus, each.key))
        images.push(readFileSync(path))
      }
      const image = Buffer.from(flushed)
      for (let at = 0; at < image.length; at += PAGE_BYTES) {
        const choice = images[(pages.next().value ?? 0) % images.length] ?? flushed
        choice.copy(image, at, at, at + PAGE_BYTES)
      }
      const after = attachBus(found(path, image), { name: 'after' })
      const { lost = [], older = [] } = after.recovered ?? {}
      assert.ok(after.recovered)
      for (const key of KEYS) {
        const value = heldBy(after, key)
        const history = histories.get(key) ?? []
        assert.ok(value === undefined || everHeld.get(key)?.has(value), `${key} is torn`)
        if (touched.has(key))
          assert.ok(history.includes(value) || lost.includes(key) || older.includes(key), key)
        else assert.equal(value, history[0], `${key} was flushed, and left alone since`)
      }
      assert.equal(after.store.list().length, after.recovered.keys)
      // What is left takes all that it could before: no block is lost.
      for (const key of after.store.list()) after.store.delete(key)
      after.store.set('whole', Buffer.alloc(8_192))
      for (const each of [...before, ...since]) act(after, each)
      after.close()
    }),
    { numRuns: 60 },
  )
})

test('a value that was set once since the flush is there, old or new, whatever pages are left', () => {
  fc.assert(
    fc.property(fc.nat(3_000), fc.nat(3_000), page, (first, second, pages) => {
      const { path, bus } = newBus()
      bus.store.set('key', Buffer.alloc(first, 1))
      const images = [readFileSync(path)]
      bus.store.set('key', Buffer.alloc(second, 2))
      images.push(readFileSync(path))
      const image = Buffer.from(images[0] ?? [])
      for (let at = 0; at < image.length; at += PAGE_BYTES) {
        images[(pages.next().value ?? 0) % 2]?.copy(image, at, at, at + PAGE_BYTES)
      }
      const after = attachBus(found(path, image), { name: 'after' })
      const value = Buffer.from(after.store.get('key') ?? [7])
      assert.ok(value.equals(Buffer.alloc(first, 1)) || value.equals(Buffer.alloc(second, 2)))
      assert.deepEqual(after.recovered?.lost, [])
      after.close()
      bus.close()
    }),
    { numRuns: 30 },
  )
})

test('a bus that nobody doubts is taken up as it is, and one that is new in its place is looked through once', async () => {
  const { path, bus } = newBus()
  bus.store.set('key', Buffer.from('value'))
  bus.store.add('count', 41n)
  await bus.flush()
  assert.equal(bus.recovered, undefined)
  bus.close()
  assert.equal(seat(path).recovered, undefined)
  const copy = found(path, readFileSync(path))
  const [first, second] = [seat(copy), seat(copy)]
  assert.deepEqual(first.recovered, { keys: 2, older: [], olderKeys: 0, lost: [], lostKeys: 0 })
  assert.equal(second.recovered, undefined)
  assert.equal(Buffer.from(second.store.get('key') ?? []).toString(), 'value')
  assert.equal(second.store.add('count', 1n), 42n)
  // Nobody of before is a member, and there is room for new ones.
  assert.equal(first.members().length, 2)
})

test('a value whose bytes were changed on the disk falls back to the one before, or is named as lost', () => {
  const { path, bus } = newBus()
  bus.store.set('once', Buffer.from('a heron at the pond'))
  bus.store.set('twice', Buffer.from('an older otter'))
  bus.store.set('twice', Buffer.from('a newer otter'))
  const image = readFileSync(path)
  for (const text of ['heron', 'newer']) image.write('xxxxx', image.indexOf(text), 'latin1')
  const after = seat(found(path, image))
  assert.deepEqual(after.recovered, {
    keys: 1,
    older: ['twice'],
    olderKeys: 1,
    lost: ['once'],
    lostKeys: 1,
  })
  assert.equal(after.store.get('once'), undefined)
  assert.equal(Buffer.from(after.store.get('twice') ?? []).toString(), 'an older otter')
})

test('whatever was done to slots on the disk, no process ends, and no other bytes are taken for a value', () => {
  const { path, bus } = newBus()
  const value = (key: string) => Buffer.alloc(700, key)
  for (const key of KEYS) for (let round = 0; round < 2; round += 1) bus.store.set(key, value(key))
  bus.store.add('count', 3n)
  const image = readFileSync(path)
  const at = slotOf(image, 'key-0') & ~(PAGE_BYTES - 1)
  const word = fc.oneof(fc.integer(), fc.integer({ min: -2, max: 40 }), fc.constant(0x7fff_ffff))
  const damage = fc.array(fc.tuple(fc.nat((12 * SLOT_BYTES) / 4 - 1), word), { minLength: 1, maxLength: 30 })
  fc.assert(
    fc.property(damage, (changes) => {
      const damaged = Buffer.from(image)
      for (const [index, change] of changes) damaged.writeInt32LE(change | 0, at + index * 4)
      const after = attachBus(found(path, damaged), { name: 'after' })
      for (const key of after.store.list().filter((name) => KEYS.includes(name))) {
        if (after.store.head(key)?.type !== 'integer') assert.equal(heldBy(after, key), value(key).toString())
      }
      for (const key of KEYS) after.store.set(`${key}-new`, value(key))
      after.close()
    }),
    { numRuns: 80 },
  )
})

/** Where in a file the slot of a key begins. */
function slotOf(image: Buffer, key: string): number {
  const at = image.indexOf(`${key}\0`) - KEY * 4
  assert.ok(at > 0)
  return at
}

test('of a key that stands twice, since it came again elsewhere, the later one is right', () => {
  const { path, bus } = newBus()
  bus.store.set('moved', Buffer.from('where it was'))
  const before = readFileSync(path)
  bus.store.delete('moved')
  bus.store.set('other', Buffer.from('took its slot'))
  bus.store.set('moved', Buffer.from('where it is'))
  const image = readFileSync(path)
  const at = slotOf(before, 'moved')
  assert.equal(at, slotOf(image, 'other'))
  before.copy(image, at, at, at + SLOT_BYTES)
  // Both hold: no other value was written to the block of the first.
  image.write('where it was', image.indexOf('took its slot'), 'latin1')
  const after = seat(found(path, image))
  assert.deepEqual(after.store.list(), ['moved'])
  assert.equal(heldBy(after, 'moved'), 'where it is')
})

test('of two keys that claim one block, the later one is right, though the bytes would fit both', () => {
  const { path, bus } = newBus()
  const value = Buffer.alloc(120, 2)
  bus.store.set('later', value)
  const image = readFileSync(path)
  const from = slotOf(image, 'later')
  // As a deleted key whose block was given to another one before its slot was on the disk.
  const to = from + 23 * SLOT_BYTES
  image.copy(image, to, from, from + SLOT_BYTES)
  const key = Buffer.from('sooner')
  key.copy(image, to + KEY * 4)
  image.writeInt32LE(key.length, to + KEY_LENGTH * 4)
  image.writeInt32LE(hashOf(key), to + HASH * 4)
  const side = image.readInt32LE(to + VERSION * 4) & 1
  image.writeInt32LE(checkOf(value, checkSeed(key)), to + (CHECKS + side) * 4)
  image.writeInt32LE(image.readInt32LE(from + GENERATION * 4) + 1, from + GENERATION * 4)
  const after = seat(found(path, image))
  assert.deepEqual(after.store.list(), ['later'])
  assert.deepEqual(after.recovered?.lost, ['sooner'])
  assert.equal(heldBy(after, 'later'), value.toString('latin1'))
})

test('a lasting bus is not made over another one, and one in memory is not taken up after the machine was off', () => {
  const { path } = newBus()
  assert.throws(() => createBus({ path, persistent: true, sizeBytes: 2 ** 20, inboxBytes: 4_096 }), {
    code: 'BUS_EXISTS',
  })
  assert.throws(() => createBus({ path, sizeBytes: 2 ** 20, inboxBytes: 4_096 }), { code: 'BUS_EXISTS' })
  const inMemory = join(folder, 'memory', 'bus')
  createBus({ path: inMemory, sizeBytes: 2 ** 20, inboxBytes: 4_096 })
  const image = readFileSync(inMemory)
  // As if its start of the machine had been another.
  image.fill(7, 256, 272)
  assert.throws(() => attachBus(found(inMemory, image), { name: 'test' }), { code: 'NOT_RUNNING' })
})

test('no generation is given out again, though the key that had the last one is lost', () => {
  const { path, bus } = newBus()
  bus.store.set('kept', Buffer.from('a heron'))
  bus.store.set('torn', Buffer.from('an otter'))
  const last = bus.store.head('torn')?.version ?? 0n
  const image = readFileSync(path)
  image.write('xx', image.indexOf('an otter'), 'latin1')
  const after = seat(found(path, image))
  assert.deepEqual(after.recovered?.lost, ['torn'])
  after.store.set('new', Buffer.from('a swan'))
  assert.ok((after.store.head('new')?.version ?? 0n) >> 32n > last >> 32n)
})
