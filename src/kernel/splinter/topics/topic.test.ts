import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { Bus } from '../bus.ts'
import { createTestBuses, until } from '../fixture.ts'
import { ANNOUNCEMENTS_TOPIC, decodeAnnouncement } from '../store/announcements.ts'

const { newBus, seat } = createTestBuses()
const LOSSLESS = { lossless: true, capacityBytes: 8_192 }
const bytes = (text: string) => Buffer.from(text)
const text = (message: Uint8Array) => Buffer.from(message).toString()

function members(count: number): Bus[] {
  const path = newBus()
  return Array.from({ length: count }, (_, index) => seat(path, `member-${index}`))
}

function figure(bus: Bus, name: 'lost' | 'expired' | 'refused'): number {
  return bus.members().find(({ address }) => address === bus.address)?.figures[name] ?? -1
}

for (const lossless of [true, false]) {
  test(`who comes late to a ${lossless ? 'lossless' : 'lossy'} topic can hear what is still there`, async () => {
    const [a, b] = members(2)
    const topic = a?.topic('news', { lossless, capacityBytes: 4_096 })
    for (let count = 0; count < 100; count += 1) topic?.publish(new Uint8Array(100).fill(count))
    const heard: (number | undefined)[] = []
    b?.topic('news', { lossless }).subscribe((message) => heard.push(message[0]), { from: 'oldest' })
    await topic?.publishWhenFree(Uint8Array.of(100))
    await until(() => heard.at(-1) === 100)
    assert.ok(heard.length > 25 && heard.length < 4_096 / 112, String(heard.length))
    assert.deepEqual(
      heard,
      Array.from({ length: heard.length }, (_, index) => 101 - heard.length + index),
    )
  })
}

test('many messages at once come whole, or as many as there is room for', () => {
  const [a, b] = members(2)
  const [topic, puller] = [a?.topic('work', LOSSLESS), b?.topic('work', LOSSLESS).pull()]
  const messages = Array.from({ length: 200 }, (_, index) => new Uint8Array(100).fill(index))
  const count = topic?.publishMany(messages) ?? 0
  assert.ok(count > 60 && count < 80, String(count))
  const into = Buffer.alloc(100)
  for (let index = 0; index < count; index += 1) {
    assert.equal(puller?.nextInto(into), 100)
    assert.equal(into[0], index)
  }
  assert.equal(puller?.nextInto(into), -1)
  topic?.publish(new Uint8Array(101))
  assert.throws(() => puller?.nextInto(into), { code: 'BAD_INPUT' })
  assert.equal(puller?.next()?.length, 101)
  assert.equal(puller?.waitSync({ timeoutMs: 1 }), false)
  assert.throws(() => topic?.publishMany([Uint8Array.of(1), new Uint8Array(9_000)]), { code: 'BAD_INPUT' })
  assert.equal(puller?.next(), undefined)
  puller?.end()
})

test('a message that is read after its time is passed over, counted and announced', async () => {
  const [a, b] = members(2)
  const announced: unknown[] = []
  b?.topic(ANNOUNCEMENTS_TOPIC).subscribe((message) => {
    const { what, topic, count } = decodeAnnouncement(message).announcement
    announced.push({ what, topic, count })
  })
  const topic = a?.topic('news')
  const heard: string[] = []
  const puller = b?.topic('news').pull()
  topic?.publish(bytes('short'), { timeToLiveMs: 1 })
  topic?.publish(bytes('long'), { timeToLiveMs: 60_000 })
  const startedMs = performance.now()
  await until(() => performance.now() > startedMs + 3)
  b?.topic('news').subscribe((message) => heard.push(text(message)), { from: 'oldest' })
  await until(() => heard.length === 1 && announced.length === 1)
  assert.deepEqual(heard, ['long'])
  assert.deepEqual(announced, [{ what: 'messages-expired', topic: 'news', count: 1 }])
  assert.equal(text(puller?.next() ?? new Uint8Array()), 'long')
  puller?.end()
  assert.equal(b && figure(b, 'expired'), 2)
  for (const timeToLiveMs of [0, -1, Number.NaN, 2 ** 31]) {
    assert.throws(() => topic?.publish(bytes('x'), { timeToLiveMs }), { code: 'BAD_INPUT' })
  }
})

test('a stream gives each message when it is asked for, and ends when it is told', async () => {
  const [a, b] = members(2)
  const topic = a?.topic('work', LOSSLESS)
  const abort = new AbortController()
  const stream = b?.topic('work', LOSSLESS).stream({ signal: abort.signal })
  for (const word of ['one', 'two']) topic?.publish(bytes(word))
  const heard: string[] = []
  for await (const message of stream ?? []) {
    heard.push(text(message))
    if (heard.length === 2) setImmediate(() => topic?.publish(bytes('three')))
    if (heard.length === 3) setImmediate(() => abort.abort())
  }
  assert.deepEqual(heard, ['one', 'two', 'three'])
  assert.deepEqual(await stream?.next(), { done: true, value: undefined })
  // It holds nobody up any more.
  for (let count = 0; count < 200; count += 1) topic?.publish(new Uint8Array(100))
})

test('a stream that is not read makes a lossless topic wait', async () => {
  const [a, b] = members(2)
  const topic = a?.topic('work', LOSSLESS)
  const stream = b?.topic('work', LOSSLESS).stream()
  const fill = () => {
    for (;;) topic?.publish(new Uint8Array(1_000))
  }
  assert.throws(fill, { code: 'BUS_BACKPRESSURE' })
  const published = topic?.publishWhenFree(bytes('last'))
  let last: Uint8Array | undefined
  while (last?.length !== 4) last = (await stream?.next())?.value
  await published
  await stream?.return?.()
})

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

test('a request is answered by one who replies, with what that one says or throws', async () => {
  const [asking, first, second] = members(3)
  const topic = asking?.topic('questions', LOSSLESS)
  await assert.rejects(async () => topic?.request(bytes('anybody?')), { code: 'SERVICE_LOST' })
  const answer = (by: string) => async (message: Uint8Array) => {
    if (text(message) === 'bad') throw Object.assign(new Error('not for others'))
    return bytes(`${by}: ${text(message)}`)
  }
  const plain: string[] = []
  second?.topic('questions', LOSSLESS).subscribe((message) => plain.push(text(message)))
  first?.topic('questions', LOSSLESS).reply(answer('first'), { concurrency: 3 })
  const answers = await Promise.all(['1', '2', '3'].map(async (each) => topic?.request(bytes(each))))
  assert.deepEqual(
    answers.map((each) => each && text(each)),
    ['first: 1', 'first: 2', 'first: 3'],
  )
  await assert.rejects(async () => topic?.request(bytes('bad')), {
    code: 'INTERNAL',
    message: /^(?!.*others)/,
  })
  await assert.rejects(async () => topic?.request(bytes('x'), { timeoutMs: 0 }), { code: 'BAD_INPUT' })
  // Who only listens hears neither questions nor answers.
  topic?.publish(bytes('a message'))
  await until(() => plain.length === 1)
  assert.deepEqual(plain, ['a message'])
})

test('when a replier dies another answers, and when the last is gone the requester is told', async () => {
  const [asking, first, second] = members(3)
  const topic = asking?.topic('questions')
  let asked = 0
  const never = () => {
    asked += 1
    return new Promise<Uint8Array>(() => {})
  }
  first?.topic('questions').reply(never)
  const answer = topic?.request(bytes('still there?'))
  await until(() => asked === 1)
  const endSecond = second
    ?.topic('questions')
    .reply((message, { redelivered }) => bytes(`${text(message)} ${redelivered}`))
  first?.close()
  assert.equal(text((await answer) ?? new Uint8Array()), 'still there? true')
  endSecond?.()
  second?.topic('questions').reply(never)
  const lost = topic?.request(bytes('and now?'))
  await until(() => asked === 2)
  second?.close()
  await assert.rejects(async () => lost, { code: 'SERVICE_LOST' })
  const late = topic?.request(bytes('nobody'))
  await assert.rejects(async () => late, { code: 'SERVICE_LOST' })
})

test('an answer that does not come in time, or is not wanted any more, is given up', async () => {
  const [asking, replier] = members(2)
  replier?.topic('questions').reply(() => new Promise(() => {}))
  const topic = asking?.topic('questions')
  await assert.rejects(async () => topic?.request(bytes('?'), { timeoutMs: 5 }), {
    code: 'DEADLINE_EXCEEDED',
  })
  const abort = new AbortController()
  const cancelled = topic?.request(bytes('?'), { signal: abort.signal })
  abort.abort()
  await assert.rejects(async () => cancelled, { code: 'CANCELLED' })
})
