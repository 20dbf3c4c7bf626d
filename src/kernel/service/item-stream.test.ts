import assert from 'node:assert/strict'
import { PassThrough } from 'node:stream'
import { test } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import * as z from 'zod'
import { defineContract, type Envelope, type Handlers, RunaError } from '#protocol'
import { call } from './call.ts'
import { serve } from './serve.ts'
import { createMemoryTransports, createPipeTransport, type Transport } from './transport.ts'

const WINDOW = 256

const feedContract = defineContract({
  name: 'feed',
  version: 1,
  operations: {
    items: {
      input: z.object({ times: z.number() }),
      item: z.union([z.number(), z.string(), z.object({ count: z.number() })]),
      windowItems: WINDOW,
      errors: ['BUSY'],
      limits: { timeoutMs: 20_000, runningMax: 8 },
    },
  },
  events: {},
})
type Items = Handlers<typeof feedContract>['items']

async function* countTo({ times }: { readonly times: number }): AsyncGenerator<number, void> {
  for (let count = 0; count < times; count += 1) yield count
}

/** A feed, its caller, and every answer that crossed. */
function createFeed(
  items: Items,
  [serverSide, callerSide]: readonly [Transport, Transport] = createMemoryTransports(),
) {
  const answers: Envelope[] = []
  const counted: Transport = {
    ...serverSide,
    send(envelope) {
      serverSide.send(envelope)
      if (envelope.type === 'response') answers.push(envelope)
    },
  }
  serve(feedContract, { items }, counted)
  return { feed: call(feedContract, callerSide), answers }
}

async function collect(items: AsyncIterable<unknown>): Promise<unknown[]> {
  const collected: unknown[] = []
  for await (const item of items) collected.push(item)
  return collected
}

const first = (count: number) => Array.from({ length: count }, (_, index) => index)

test('items that are made together travel together, and come out one by one', async () => {
  const { feed, answers } = createFeed(countTo)
  assert.deepEqual(await collect(feed.items({ times: 5_000 })), first(5_000))
  assert.ok(answers.length < 1_000, `${answers.length} envelopes`)
  assert.ok(answers.every(({ items = 1 }) => items <= WINDOW))
})

test('an item is under way before its handler waits for anything', async () => {
  let goOn: () => void = () => {}
  const { feed } = createFeed(async function* () {
    for (let count = 0; count < 20; count += 1) {
      yield count
      if (count % 5 === 0) await new Promise<void>((resolve) => (goOn = resolve))
    }
  })
  const heard: unknown[] = []
  for await (const count of feed.items({ times: 20 })) {
    heard.push(count)
    if ((count as number) % 5 === 0) goOn()
  }
  assert.deepEqual(heard, first(20))
})

test('an item is what it was when it was made, whatever its handler does with it later', async () => {
  const { feed } = createFeed(async function* () {
    const item = { count: 0 }
    for (; item.count < 100; item.count += 1) yield item
  })
  assert.deepEqual(
    await collect(feed.items({ times: 100 })),
    first(100).map((count) => ({ count })),
  )
})

test('what was made before an error comes before it', async () => {
  const { feed } = createFeed(async function* () {
    yield* first(10)
    throw new RunaError('BUSY', 'That is enough.')
  })
  const heard: unknown[] = []
  const listening = async () => {
    for await (const item of feed.items({ times: 10 })) heard.push(item)
  }
  await assert.rejects(listening, { code: 'BUSY' })
  assert.deepEqual(heard, first(10))
})

test('large items and small ones keep their order', async () => {
  const large = 'ä'.repeat(20_000)
  const { feed } = createFeed(async function* () {
    for (let count = 0; count < 50; count += 1) yield count % 10 === 3 ? `${count} ${large}` : count
  })
  const heard = await collect(feed.items({ times: 50 }))
  assert.deepEqual(
    heard,
    first(50).map((count) => (count % 10 === 3 ? `${count} ${large}` : count)),
  )
})

test('a program behind a pipe gets each item in an envelope of its own', async () => {
  const [there, back] = [new PassThrough(), new PassThrough()]
  const { feed, answers } = createFeed(countTo, [
    createPipeTransport(there, back),
    createPipeTransport(back, there),
  ])
  assert.deepEqual(await collect(feed.items({ times: 300 })), first(300))
  assert.ok(answers.length === 301 && answers.every(({ items }) => items === undefined))
})

test('several items may be asked for at a time', async () => {
  const { feed } = createFeed(countTo)
  const items = feed.items({ times: 5 })
  const results = await Promise.all(Array.from({ length: 7 }, () => items.next()))
  assert.deepEqual(
    results.map(({ value }) => value),
    [...first(5), undefined, undefined],
  )
})

test('who leaves a stream is not kept by an item that does not come', async () => {
  let cancelled = false
  const { feed } = createFeed(async function* (_, { signal }) {
    signal.addEventListener('abort', () => {
      cancelled = true
    })
    yield 1
    await new Promise(() => {})
  })
  const items = feed.items({ times: 2 })
  assert.equal((await items.next()).value, 1)
  const [next, left] = await Promise.all([items.next(), items.return()])
  assert.ok(next.done && left.done)
  while (!cancelled) await sleep(1)
})

test('a list that is not as long as it says ends the call', async () => {
  const [serverSide, callerSide] = createMemoryTransports()
  const liar: Transport = {
    ...callerSide,
    listen: (listener) =>
      callerSide.listen((envelope) =>
        listener(envelope.items ? Object.assign(envelope, { items: 7 }) : envelope),
      ),
  }
  serve(feedContract, { items: countTo }, serverSide)
  await assert.rejects(collect(call(feedContract, liar).items({ times: 100 })), { code: 'ENVELOPE_CORRUPT' })
})
