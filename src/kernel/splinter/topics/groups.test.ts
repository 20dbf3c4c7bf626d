import assert from 'node:assert/strict'
import { test } from 'node:test'
import { until } from '../fixture.ts'
import { createMemberTable, rowWord, SLEEPING } from '../seat/members.ts'
import { createOwnerLocks } from '../seat/owner-lock.ts'
import { closeSegment, openSegment } from '../segment/segment.ts'
import { LOCK } from './ring-state.ts'
import { listTopics } from './topic.ts'
import { bytes, createTestMembers, LOSSLESS, text } from './topics-fixture.ts'

const { members, newBus, seat } = createTestMembers()

test('each message goes to one member of a group', async () => {
  const [producer, ...workers] = members(4)
  const heard = workers.map((worker) => {
    const own: number[] = []
    worker.topic('work', LOSSLESS).subscribe((message) => own.push(message[0] ?? -1), { group: 'workers' })
    return own
  })
  const alone: number[] = []
  workers[0]?.topic('work', LOSSLESS).subscribe((message) => alone.push(message[0] ?? -1), { group: 'other' })
  const topic = producer?.topic('work', LOSSLESS)
  for (let count = 0; count < 250; count += 1) await topic?.publishWhenFree(new Uint8Array(50).fill(count))
  await until(() => heard.flat().length >= 250 && alone.length === 250)
  const numbers = Array.from({ length: 250 }, (_, index) => index)
  assert.deepEqual(
    heard.flat().sort((left, right) => left - right),
    numbers,
  )
  assert.deepEqual(alone, numbers)
})

test('what a member of a group had not finished goes to another when it dies, and says so', async () => {
  const [producer, first, second] = members(3)
  const topic = producer?.topic('work', LOSSLESS)
  const begun: string[] = []
  const options = { group: 'workers', concurrency: 2 }
  first?.topic('work', LOSSLESS).subscribe((message) => {
    begun.push(text(message))
    return text(message) === 'quick' ? undefined : new Promise(() => {})
  }, options)
  for (const word of ['quick', 'a', 'b', 'c']) topic?.publish(bytes(word))
  await until(() => begun.length === 3)
  // It holds what it has, however many pass.
  const fill = () => {
    for (;;) topic?.publish(new Uint8Array(1_000))
  }
  assert.throws(fill, { code: 'BUS_BACKPRESSURE' })
  const heard: (readonly [string, boolean])[] = []
  second?.topic('work', LOSSLESS).subscribe((message, { redelivered }) => {
    if (message.length < 1_000) heard.push([text(message), redelivered])
  }, options)
  await until(() => heard.length === 1)
  first?.close()
  await until(() => heard.length === 3)
  assert.deepEqual(heard, [
    ['c', false],
    ['a', true],
    ['b', true],
  ])
})

test('a group of which nobody lives holds nobody up, and goes on with the next member', async () => {
  const [producer, worker, next] = members(3)
  const topic = producer?.topic('work', LOSSLESS)
  const stream = worker?.topic('work', LOSSLESS).stream({ group: 'workers' })
  for (const word of ['a', 'b', 'c']) topic?.publish(bytes(word))
  assert.equal(text((await stream?.next())?.value ?? new Uint8Array()), 'a')
  await stream?.return?.()
  let begun = false
  worker?.topic('work', LOSSLESS).subscribe(
    () => {
      begun = true
      return new Promise(() => {})
    },
    { group: 'workers' },
  )
  await until(() => begun)
  worker?.close()
  const heard: string[] = []
  const subscription = next
    ?.topic('work', LOSSLESS)
    .subscribe((message, { redelivered }) => heard.push(`${text(message)} ${redelivered}`), {
      group: 'workers',
    })
  await until(() => heard.length === 2)
  assert.deepEqual(heard.sort(), ['b true', 'c false'])
  next?.close()
  for (let count = 0; count < 100; count += 1) topic?.publish(new Uint8Array(1_000))
  assert.equal(subscription?.lost, 0)
})

test('a topic has so many groups and consumers, and says when there are no more', () => {
  const [bus] = members(1)
  const topic = bus?.topic('work')
  for (const concurrency of [0, 6, 1.5]) {
    assert.throws(() => topic?.subscribe(() => {}, { group: 'a', concurrency }), { code: 'BAD_INPUT' })
  }
  for (let count = 0; count < 8; count += 1) topic?.subscribe(() => {}, { group: `group-${count}` })
  assert.throws(() => topic?.subscribe(() => {}, { group: 'one more' }), { code: 'BUS_FULL' })
  assert.throws(() => topic?.subscribe(() => {}, { group: '' }), { code: 'BAD_INPUT' })
  const fill = () => {
    for (;;) topic?.pull()
  }
  assert.throws(fill, { code: 'BUS_FULL' })
})

test('a member of a group that could not have the ring looks again by itself', async () => {
  const path = newBus()
  const [producer, worker] = [seat(path, 'producer'), seat(path, 'worker')]
  const heard: string[] = []
  worker.topic('work', LOSSLESS).subscribe((message) => heard.push(text(message)), { group: 'workers' })
  const segment = openSegment(path)
  const owner = createMemberTable(segment).claim('stopped')
  const locks = createOwnerLocks(segment.words, owner)
  const lock = (listTopics(segment).find(({ name }) => name === 'work')?.place.header ?? 0) + LOCK
  producer.topic('work', LOSSLESS).publish(bytes('a'))
  locks.acquire(lock)
  const member = () => producer.members().find(({ name }) => name === 'worker')
  const asleep = rowWord(segment, 1) + SLEEPING
  await until(() => (member()?.figures.damaged ?? 0) > 0 && Atomics.load(segment.words, asleep) !== 0)
  locks.release(lock)
  await until(() => heard.length === 1)
  closeSegment(segment)
})
