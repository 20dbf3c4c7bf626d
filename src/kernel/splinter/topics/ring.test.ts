import assert from 'node:assert/strict'
import { mkdtempSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { after, test } from 'node:test'
import fc from 'fast-check'
import { RunaError } from '#protocol'
import { createMemberTable } from '../seat/members.ts'
import { createOwnerLocks } from '../seat/owner-lock.ts'
import { createSegment } from '../segment/create.ts'
import { chooseGeometry, GROUPS_MAX } from '../segment/geometry.ts'
import { describePrivacy } from '../segment/privacy.ts'
import { closeSegment, openSegment, type Segment } from '../segment/segment.ts'
import { Ring } from './ring.ts'
import type { RingPlace } from './ring-place.ts'
import { MESSAGE } from './ring-records.ts'
import { LOCK } from './ring-state.ts'
import { placeTopic } from './topic.ts'

const folder = mkdtempSync('/dev/shm/runa-ring-test-')
after(() => rmSync(folder, { recursive: true }))

const CAPACITY_BYTES = 4_096
const path = join(folder, 'bus')
const geometry = chooseGeometry(2 ** 20, { inboxBytes: 16_384, topicsBytes: 2 ** 19 })
createSegment(path, geometry, describePrivacy('nothing', 'plain', undefined))

/** A member with a view of its own, as another process would have. */
function newMember(name: string) {
  const segment = openSegment(path)
  const own = createMemberTable(segment).claim(name)
  return { segment, own, locks: createOwnerLocks(segment.words, own) }
}
type RingMember = ReturnType<typeof newMember>

const [left, right] = [newMember('left'), newMember('right')]
let topics = 0

function newPlace(lossless: boolean): RingPlace {
  topics += 1
  return placeTopic(left.segment, left.locks, `topic-${topics}`, { lossless, capacityBytes: CAPACITY_BYTES })
}

function ringOf({ segment, own, locks }: RingMember, place: RingPlace, onSpace = () => {}): Ring {
  return new Ring(segment, place, { locks, owner: own, onSpace })
}

/** Bytes that tell which record they belong to. */
function recordOf(number: number, length: number): Uint8Array {
  return new Uint8Array(length).fill(number & 0xff)
}

const lossyPlace = newPlace(false)
const losslessPlace = newPlace(true)
type Step = { readonly by: boolean } & ({ readonly write: number } | { readonly read: number })
const steps: fc.Arbitrary<Step[]> = fc.array(
  fc.oneof(
    { weight: 3, arbitrary: fc.record({ write: fc.integer({ min: 0, max: 1_500 }), by: fc.boolean() }) },
    { weight: 2, arbitrary: fc.record({ read: fc.integer({ min: 1, max: 6 }), by: fc.boolean() }) },
  ),
  { maxLength: 120 },
)

/** Both sides write and read as the steps say, and each record is compared with the one that is due. Returns what was lost. */
function play(place: RingPlace, actions: readonly Step[], onRefused: (isEmpty: boolean) => void): number[] {
  const rings = [ringOf(left, place), ringOf(right, place)] as const
  const consumers = [rings[0].join({ index: 0 }), rings[1].join({ index: 1 })] as const
  const read: [number, number] = [0, 0]
  const written: Uint8Array[] = []
  for (const action of actions) {
    const side = action.by ? 1 : 0
    if ('write' in action) {
      const record = recordOf(written.length, action.write)
      if (rings[side].write(record)) written.push(record)
      else onRefused(read.every((count) => count >= written.length))
      continue
    }
    for (let count = 0; count < action.read; count += 1) {
      const record = consumers[side].next()
      const due = read[side] + consumers[side].lost
      assert.deepEqual(record && Uint8Array.from(record), written[due])
      if (record) read[side] += 1
    }
  }
  const lost = consumers.map((consumer) => consumer.lost)
  for (const consumer of consumers) consumer.leave()
  return lost
}

test('a lossless ring gives every consumer every record once and in order, and refuses what has no room', () => {
  fc.assert(
    fc.property(steps, (actions) => {
      const lost = play(losslessPlace, actions, (isEmpty) => assert.ok(!isEmpty, 'an empty ring has room'))
      assert.deepEqual(lost, [0, 0])
    }),
    { numRuns: 150 },
  )
})

test('a lossy ring never refuses, and what a consumer missed is counted to the record', () => {
  fc.assert(
    fc.property(steps, (actions) => {
      play(lossyPlace, actions, () => assert.fail('it refused'))
    }),
    { numRuns: 150 },
  )
})

test('a record that can never fit is refused', () => {
  const ring = ringOf(left, losslessPlace)
  assert.throws(() => ring.write(new Uint8Array(CAPACITY_BYTES)), { code: 'BAD_INPUT' })
  assert.ok(ring.write(new Uint8Array(CAPACITY_BYTES - 16)))
})

test('a consumer that died holds nobody up, and a lock that it held is taken over', () => {
  const place = newPlace(true)
  const doomed = newMember('doomed')
  const ring = ringOf(left, place)
  const survivor = ring.join({ index: 0 })
  ringOf(doomed, place).join({ index: 2 })
  while (ring.write(recordOf(1, 500))) assert.ok(survivor.next())
  assert.ok(!ring.write(recordOf(1, 500)))
  doomed.locks.acquire(place.header + LOCK)
  closeSegment(doomed.segment)
  assert.ok(ring.write(recordOf(2, 500)))
  assert.deepEqual(survivor.next()?.[0], 2)
})

test('a writer that dies in the middle leaves nothing to be seen', () => {
  const place = newPlace(false)
  const ring = ringOf(left, place)
  const consumer = ring.join({ index: 0 })
  for (let number = 0; number < 20; number += 1) ring.write(recordOf(number, 300))
  const before = drain(consumer)
  // What a writer does before it commits: bytes in the ring, and half of the state that does not hold.
  left.segment.bytes.fill(0xee, place.records + 16, place.records + 200)
  assert.equal(consumer.next(), undefined)
  ring.write(recordOf(99, 300))
  assert.deepEqual(drain(consumer), [99])
  assert.ok(before.length > 0)
})

test('damaged memory costs records, which are counted, and ends in no error', () => {
  const place = newPlace(false)
  const ring = ringOf(left, place)
  const consumer = ring.join({ index: 0 })
  fc.assert(
    fc.property(fc.array(fc.tuple(fc.nat(CAPACITY_BYTES - 1), fc.nat(255)), { maxLength: 40 }), (damage) => {
      for (let number = 0; number < 8; number += 1) ring.write(recordOf(number, 100))
      for (const [at, byte] of damage) left.segment.bytes[place.records + at] = byte
      for (const record of drain(consumer)) assert.ok(record === undefined || record <= 255)
      ring.write(recordOf(42, 3_000))
      assert.deepEqual(drain(consumer), [42])
    }),
    { numRuns: 100 },
  )
})

/** The first byte of each record. */
function drain(consumer: ReturnType<Ring['join']>): (number | undefined)[] {
  const first: (number | undefined)[] = []
  for (let record = consumer.next(); record; record = consumer.next()) first.push(record[0])
  return first
}

test('damage to cursors, groups and state ends in a coded error at worst, and never in a loop', () => {
  const place = newPlace(true)
  const words = place.records / 4 - place.header
  const ring = ringOf(left, place)
  const options = { from: 'oldest', kind: MESSAGE, concurrency: 5 } as const
  const groups = [ringOf(left, place), ringOf(right, place)].map((each) => each.joinGroup('workers', options))
  const consumer = ringOf(right, place).join({ from: 'oldest' })
  const damaged = fc.array(
    fc.tuple(fc.nat(words - 1), fc.oneof(fc.integer(), fc.constantFrom(0, 1, -1, 16, 4_096, 2 ** 30))),
    { maxLength: 30 },
  )
  const work = [
    () => ring.write(recordOf(1, 300)),
    () => ring.writeMany([recordOf(1, 10), recordOf(2, 1_000)]),
    () => drain(consumer),
    () => consumer.settle(),
    () => groups[0]?.hasNext(),
    ...groups.map((group) => () => {
      group.suspectDeath()
      for (let taken = group.take(); taken; taken = group.take()) taken.finish()
    }),
    () => ring.join({ from: 'oldest' }).leave(),
    () => ring.joinGroup('others', options).leave(),
  ]
  fc.assert(
    fc.property(damaged, fc.array(fc.nat(work.length - 1), { maxLength: 30 }), (damage, steps) => {
      for (const [word, value] of damage) left.segment.words[place.header + word] = value
      for (const step of steps) {
        try {
          work[step]?.()
        } catch (error) {
          assert.ok(error instanceof RunaError, String(error))
        }
      }
    }),
    { numRuns: 200 },
  )
})

test('a group in place of one that is gone is not handed what that one had not finished', () => {
  const place = newPlace(true)
  const gone = newMember('gone')
  const [writer, reader] = [ringOf(left, place), ringOf(gone, place)]
  const options = { from: 'now', kind: MESSAGE, concurrency: 2 } as const
  const names = Array.from({ length: GROUPS_MAX }, (_, index) => `group-${index}`)
  const members = names.map((name) => reader.joinGroup(name, options))
  const write = () => writer.write(recordOf(1, 500))
  const take = () => members.map((member) => member.take())
  assert.ok(write())
  // Those are never finished.
  assert.ok(take().every(Boolean))
  for (let count = 0; count < 5; count += 1) {
    assert.ok(write())
    for (const taken of take()) taken?.finish()
  }
  assert.ok(write())
  assert.ok(take().every(Boolean))
  assert.ok(!write())
  closeSegment(gone.segment)
  // Nobody of these groups lives: what they hold is given up as far as room is needed.
  assert.ok(write())
  const later = ringOf(right, place).joinGroup('later', options)
  assert.equal(later.take(), undefined)
  assert.equal(later.lost, 0)
})

test('the table of topics is full at some point, and says so', () => {
  const segment: Segment = left.segment
  const fill = () => {
    for (let index = 0; index < 64; index += 1) placeTopic(segment, left.locks, `filler-${index}`, {})
  }
  assert.throws(fill, { code: 'BUS_FULL' })
  assert.throws(() => placeTopic(segment, left.locks, 'topic-1', { lossless: true }), { code: 'BAD_INPUT' })
})
