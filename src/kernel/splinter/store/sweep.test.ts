import assert from 'node:assert/strict'
import { test } from 'node:test'
import { createTestBuses, until } from '../fixture.ts'
import { ANNOUNCEMENTS_TOPIC, type Announcement, decodeAnnouncement } from './announcement-format.ts'

const { newBus, seat } = createTestBuses()
let now = 1_700_000_000_000
const nowMs = () => now
const value = Buffer.from('what it was')
const decay = { halfLifeMs: 1_000, threshold: 0.25 }

function newSeats(options: Parameters<typeof newBus>[0] = {}) {
  const path = newBus(options)
  return [seat(path, 'left', { nowMs }), seat(path, 'right', { nowMs })] as const
}

/** What is announced from now on. */
function hear(bus: ReturnType<typeof seat>, options: { lossless?: boolean; capacityBytes?: number } = {}) {
  const heard: { announcement: Announcement; text: string }[] = []
  bus.topic(ANNOUNCEMENTS_TOPIC, options).subscribe((message) => {
    const { announcement, value: content } = decodeAnnouncement(message)
    heard.push({ announcement, text: Buffer.from(content).toString() })
  })
  return heard
}

test('a key is gone once its time is over, and a sweep gives its room back', () => {
  const [{ store }, right] = newSeats()
  store.set('brief', value, { timeToLiveMs: 100 })
  store.set('kept', value, { timeToLiveMs: 100 })
  store.set('kept', value)
  now += 99
  assert.deepEqual(right.store.get('brief'), value)
  now += 1
  assert.equal(right.store.get('brief'), undefined)
  assert.equal(right.store.head('brief'), undefined)
  assert.deepEqual(right.store.list(), ['kept'])
  assert.ok(!right.store.delete('brief'))
  store.set('brief', value, { timeToLiveMs: 100 })
  now += 100
  assert.deepEqual(right.store.sweep(), { expired: 1, evicted: 0, freedBlocks: 1 })
  assert.deepEqual(right.store.sweep(), { expired: 0, evicted: 0, freedBlocks: 0 })
  assert.deepEqual([store.figures().keys, store.figures().expired], [1, 2])
})

test('who watches a key that is past its time before it is swept is told that it expired, once', async () => {
  const [left, right] = newSeats()
  const told: string[] = []
  right.store.watch({ prefix: '' }, ({ key, what }) => told.push(`${key} ${what}`))
  left.store.set('brief', value)
  await until(() => told.length === 1)
  left.store.expire('brief', 100)
  left.store.label('brief', { add: 1n })
  now += 100
  await until(() => told.length === 2)
  left.store.sweep()
  left.store.set('last', value)
  await until(() => told.length === 3)
  assert.deepEqual(told, ['brief set', 'brief expired', 'last set'])
})

test('a value that is added to or counted keeps its time; a number that is past it counts from 0 again', () => {
  const [{ store }] = newSeats()
  store.set('text', value, { timeToLiveMs: 100 })
  store.append('text', value)
  store.add('count', 5n)
  store.expire('count', 100)
  assert.equal(store.add('count', 1n), 6n)
  now += 100
  assert.equal(store.append('text', value), value.length)
  assert.equal(store.load('count'), 0n)
  assert.equal(store.add('count', 1n), 1n)
  assert.equal(store.head('count')?.expiresAt, undefined)
})

test('a key that nobody uses fades and is announced with its value; one that is used stays', async () => {
  const [left, right] = newSeats()
  const heard = hear(right)
  left.store.set('idle', value, { decay, type: 'text' })
  left.store.label('idle', { add: 5n })
  left.store.set('busy', value, { decay })
  for (let wait = 0; wait < 4; wait += 1) {
    now += 600
    left.store.get('busy')
    assert.ok((left.store.head('busy')?.strength ?? 0) > 0.9)
  }
  assert.ok((left.store.head('idle')?.strength ?? 1) < 0.25)
  assert.deepEqual(left.store.sweep(), { expired: 0, evicted: 1, freedBlocks: 1 })
  assert.deepEqual(left.store.list(), ['busy'])
  await until(() => heard.length === 1)
  assert.deepEqual(heard, [
    { announcement: { what: 'evicted', at: now, key: 'idle', type: 'text', labels: '5' }, text: `${value}` },
  ])
})

test('looking at the head of a key is no use of it, touching it is', () => {
  const [{ store }] = newSeats()
  store.set('idle', value, { decay })
  store.set('touched', value, { decay })
  now += 1_900
  store.head('idle')
  store.touch('touched')
  now += 200
  assert.equal(store.sweep().evicted, 1)
  assert.deepEqual(store.list(), ['touched'])
})

test('what a living keeper must hear of stays until it has room', async () => {
  const [left, right] = newSeats()
  right.topic(ANNOUNCEMENTS_TOPIC, { lossless: true, capacityBytes: 4_096 })
  const heard = hear(right, { lossless: true, capacityBytes: 4_096 })
  const large = new Uint8Array(1_500)
  for (const key of ['a', 'b', 'c', 'd', 'e']) left.store.set(key, large, { decay })
  now += 2_100
  const first = left.store.sweep().evicted
  assert.ok(first >= 1 && first < 5, `${first} at once`)
  assert.equal(left.store.list().length, 5 - first)
  assert.equal(left.store.figures().untold, 5 - first)
  await until(() => heard.length === first)
  while (left.store.list().length > 0) {
    const before = heard.length
    const { evicted } = left.store.sweep()
    await until(() => heard.length === before + evicted)
  }
  assert.deepEqual(heard.map(({ announcement }) => announcement.key).sort(), ['a', 'b', 'c', 'd', 'e'])
  assert.ok(heard.every(({ text }) => text.length === large.length))
})

test('a value that is longer than a lossy topic is announced without it', async () => {
  const [left, right] = newSeats()
  const heard = hear(right, { capacityBytes: 4_096 })
  left.store.set('large', new Uint8Array(8_000), { decay })
  now += 2_100
  assert.equal(left.store.sweep().evicted, 1)
  await until(() => heard.length === 1)
  assert.deepEqual([heard[0]?.announcement.isValueLeftOut, heard[0]?.text], [true, ''])
})

test('a full store lets go of what is past its time, and says so when there is nothing', () => {
  const [{ store }] = newSeats({ slotsMax: 8 })
  for (let key = 0; key < 8; key += 1) store.set(`k${key}`, value, { timeToLiveMs: 100 + key })
  assert.throws(() => store.set('one more', value), { code: 'STORE_FULL' })
  now += 101
  store.set('one more', value)
  assert.deepEqual(store.list(), ['k2', 'k3', 'k4', 'k5', 'k6', 'k7', 'one more'])
})

test('a full store that was made so lets go of the weakest, never of what does not fade', async () => {
  const [left, right] = newSeats({ slotsMax: 8, whenFull: 'evict' })
  const heard = hear(right)
  for (let key = 0; key < 8; key += 1) {
    left.store.set(`k${key}`, value, key < 4 ? {} : { decay })
    now += 200
  }
  left.store.set('one more', value)
  assert.equal(left.store.get('k4'), undefined)
  for (const key of ['a', 'b', 'c']) left.store.set(key, value)
  assert.throws(() => left.store.set('d', value), { code: 'STORE_FULL' })
  await until(() => heard.length === 4)
  assert.deepEqual(
    heard.map(({ announcement }) => announcement.key),
    ['k4', 'k5', 'k6', 'k7'],
  )
})

test('a full store refuses before it lets go of what a keeper must hear of and has no room for', () => {
  const [left, right] = newSeats({ slotsMax: 8, whenFull: 'evict' })
  hear(right, { lossless: true, capacityBytes: 4_096 })
  for (let key = 0; key < 8; key += 1) left.store.set(`k${key}`, new Uint8Array(3_000), { decay })
  left.store.set('one more', value)
  assert.throws(() => left.store.set('another', value), { code: 'STORE_FULL' })
  assert.equal(left.store.list().length, 8)
})

test('a member sweeps by itself as often as it is asked to', async () => {
  const path = newBus()
  const { store } = seat(path, 'sweeper', { nowMs, sweepEveryMs: 1 })
  store.set('brief', value, { timeToLiveMs: 100 })
  now += 100
  await until(() => store.figures().expired === 1)
  assert.equal(store.figures().keys, 0)
})
