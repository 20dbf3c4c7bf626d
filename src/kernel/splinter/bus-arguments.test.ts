import assert from 'node:assert/strict'
import { readdirSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { test } from 'node:test'
import { createEnvelope } from '#protocol'
import { attachBus, type Bus, createBus, destroyBus } from './bus.ts'
import { createTestBuses } from './fixture.ts'

const { newBus, seat } = createTestBuses()

/** What TypeScript would not let through. */
const wrong = (value: unknown) => value as never
const message = Buffer.alloc(1)

const CALLS: Readonly<Record<string, (bus: Bus) => unknown>> = {
  'a state that there is not': (bus) => bus.setState(wrong('foo')),
  'the state of who has left': (bus) => bus.setState(wrong('vacant')),
  'no count of calls': (bus) => bus.beat(Number.NaN),
  'no time that a call took': (bus) => bus.took(-1),
  'watching without a listener': (bus) => bus.watch('first', wrong(undefined)),
  'watching nobody': (bus) => bus.watch(wrong(undefined), () => {}),
  'receiving without a listener': (bus) => bus.receive(wrong(undefined)),
  'overhearing without a listener': (bus) => bus.overhear(wrong({})),
  'observing without a listener': (bus) => bus.observe('news', {}, wrong(undefined)),
  'looking on without a listener': (bus) => bus.lookOn(wrong(undefined)),
  'recording without options': (bus) => bus.record(wrong(undefined)),
  'recording without anybody who keeps it': (bus) => bus.record(wrong({})),
  'recording strictly perhaps': (bus) => bus.record(wrong({ strict: 'yes', keep: async () => {} })),
  'a topic that is no text': (bus) => bus.topic(wrong(7)),
  'a topic that loses perhaps': (bus) => bus.topic('other', wrong({ lossless: 'yes' })),
  'subscribing without a listener': (bus) => bus.topic('news').subscribe(wrong(undefined)),
  'a group that is no text': (bus) => bus.topic('news').subscribe(() => {}, wrong({ group: 7 })),
  'beginning somewhere else': (bus) => bus.topic('news').pull(wrong({ from: 'yesterday' })),
  'a stream from somewhere else': (bus) => bus.topic('news').stream(wrong({ from: 1 })),
  'replying without a replier': (bus) => bus.topic('news').reply(wrong(undefined)),
  'a message that is none': (bus) => bus.topic('news').publish(wrong(undefined)),
  'relayed as less than one': (bus) => bus.topic('news').publish(message, { relayedAs: -1 }),
  'relayed as no number': (bus) => bus.topic('news').publish(message, { relayedAs: Number.NaN }),
  'relayed as a part': (bus) => bus.topic('news').publish(message, { relayedAs: 1.5 }),
  'a snapshot in no file': (bus) => bus.snapshot(wrong(undefined)),
  'a snapshot over another perhaps': (bus) => bus.snapshot('/tmp/none', wrong({ replace: 'yes' })),
  'restoring from no file': (bus) => bus.restore(wrong(7)),
}

test('what plain JavaScript may get wrong is refused by name, and changes nothing', async () => {
  const path = newBus()
  const bus = seat(path, 'first')
  bus.topic('news')
  const told = () => ({
    ...bus.statistics(),
    at: 0,
    members: bus.members().map(({ state, running }) => [state, running]),
  })
  const before = told()
  for (const [name, call] of Object.entries(CALLS)) {
    await assert.rejects(async () => await call(bus), { code: 'BAD_INPUT' }, name)
    assert.deepEqual(told(), before, name)
  }
})

test('a wait for room that would never end is refused', async () => {
  const path = newBus()
  const [bus, other] = [seat(path, 'first'), seat(path, 'other')]
  const envelope = () =>
    createEnvelope({
      ...{ from: bus.address, to: other.address, type: 'query', operation: 'ask' },
      payload: 'x'.repeat(8_000),
    })
  assert.throws(
    () => {
      for (;;) bus.send(envelope())
    },
    { code: 'BUS_BACKPRESSURE' },
  )
  await assert.rejects(async () => await bus.sendWhenFree(envelope(), { timeoutMs: Number.NaN }), {
    code: 'BAD_INPUT',
  })
})

test('neither a bus nor a seat is made of what is no path, name, secret or option', () => {
  const path = newBus()
  const folder = dirname(path)
  const before = readdirSync(folder)
  const made = { path: join(folder, 'other'), sizeBytes: 4 * 2 ** 20, inboxBytes: 65_536 }
  for (const options of [
    undefined,
    {},
    { ...made, path: 7 },
    { ...made, path: '' },
    { ...made, sizeBytes: '8M' },
    { ...made, sizeBytes: Number.NaN },
    { ...made, sizeBytes: -1 },
    { ...made, persistent: 'yes' },
    { ...made, keys: 'hashed', secret: 'words' },
    { ...made, keys: 'hashed', secret: new Uint8Array(3) },
  ]) {
    assert.throws(() => createBus(wrong(options)), { code: 'BAD_INPUT' }, JSON.stringify(options))
  }
  for (const options of [undefined, {}, { name: 7 }, { name: '' }, { name: 'a', words: {} }]) {
    assert.throws(() => attachBus(path, wrong(options)), { code: 'BAD_INPUT' }, JSON.stringify(options))
  }
  for (const none of [undefined, '', 7]) {
    assert.throws(() => attachBus(wrong(none), { name: 'a' }), { code: 'BAD_INPUT' })
    assert.throws(() => destroyBus(wrong(none)), { code: 'BAD_INPUT' })
  }
  assert.deepEqual(readdirSync(folder), before)
})
