import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { Bus } from '../bus.ts'
import { until } from '../fixture.ts'
import { ANNOUNCEMENTS_TOPIC, decodeAnnouncement } from '../store/announcement-format.ts'
import { bytes, createTestMembers, LOSSLESS, text } from './topics-fixture.ts'

const { members } = createTestMembers()

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

test('what is no bytes is not published', () => {
  const [a, b] = members(2)
  const [topic, puller] = [a?.topic('work', LOSSLESS), b?.topic('work', LOSSLESS).pull()]
  for (const wrong of ['text', [1, 2], new Float32Array(2), {}]) {
    const message = wrong as Uint8Array
    assert.throws(() => topic?.publish(message), { code: 'BAD_INPUT' })
    assert.throws(() => topic?.publishMany([Uint8Array.of(1), message]), { code: 'BAD_INPUT' })
  }
  assert.equal(puller?.next(), undefined)
})

test('a topic of no size is refused, and leaves those of others alone', () => {
  const [a, b] = members(2)
  for (const capacityBytes of [Number.NaN, -5, 0, 4_096.5, Number.POSITIVE_INFINITY]) {
    assert.throws(() => a?.topic('none', { capacityBytes }), { code: 'BAD_INPUT' })
  }
  b?.topic('work', LOSSLESS).publish(Uint8Array.of(1))
})

test('a wait that would never end is refused', async () => {
  const [a] = members(1)
  const topic = a?.topic('work', LOSSLESS)
  for (const timeoutMs of [Number.NaN, 0, -1, Number.POSITIVE_INFINITY]) {
    assert.throws(() => topic?.publishSync(Uint8Array.of(1), { timeoutMs }), { code: 'BAD_INPUT' })
    await assert.rejects(async () => topic?.publishWhenFree(Uint8Array.of(1), { timeoutMs }), {
      code: 'BAD_INPUT',
    })
  }
})

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
