import assert from 'node:assert/strict'
import { after, afterEach, test } from 'node:test'
import { type BridgeOptions, type Link, openLink } from './bridge.ts'
import { connectToNats } from './connection.ts'
import { createTestServer, whyNoServer } from './fixture.ts'
import type { NearMessage, NearSide } from './near-side.ts'

const skip = whyNoServer()
const server = skip ? undefined : await createTestServer()
await server?.start()
/** Every bridge of a test, also of one that failed. */
const open = new Set<Running>()
afterEach(async () => {
  for (const bridge of open) await bridge.stop()
  open.clear()
})
after(() => server?.end())

/** A topic of a bus, in the memory of the test. */
function createNear(life: string) {
  const published: { readonly text: string; readonly place?: number | undefined }[] = []
  const wakers = new Set<() => void>()
  let progress: number | undefined
  const near: NearSide = {
    life,
    async *messages(atMost, signal) {
      for (let next = 0; !signal.aborted; ) {
        const batch: NearMessage[] = []
        for (; next < published.length && batch.length < atMost; next += 1) {
          const { text, place } = published[next] as (typeof published)[number]
          if (place === undefined) batch.push({ bytes: Buffer.from(text), sequence: next })
        }
        if (batch.length > 0) yield batch
        else if (next === published.length) await wait(signal)
      }
    },
    async publish(bytes, taken) {
      add(Buffer.from(bytes).toString(), taken?.place ?? 0)
    },
    lastPlace: () => published.findLast(({ place }) => place !== undefined)?.place,
    progress: {
      read: () => progress,
      write(sequence) {
        progress = sequence
      },
    },
    lost: () => 0,
  }

  function wait(signal: AbortSignal): Promise<void> {
    return new Promise((resolve) => {
      const wake = () => {
        signal.removeEventListener('abort', wake)
        resolve()
      }
      wakers.add(wake)
      signal.addEventListener('abort', wake, { once: true })
    })
  }

  function add(text: string, place?: number): void {
    published.push(place === undefined ? { text } : { text, place })
    for (const wake of wakers) wake()
    wakers.clear()
  }

  return {
    near,
    say: (text: string) => add(text),
    /** What came from the far side. */
    heard: () => published.filter(({ place }) => place !== undefined).map(({ text }) => text),
  }
}

type Near = ReturnType<typeof createNear>

interface Running {
  readonly link: Link
  stop(): Promise<void>
}

async function run(
  name: string,
  { near }: Near,
  subject: string,
  lasting: boolean,
  direction: 'both' | 'out' | 'in' = 'both',
): Promise<Running> {
  const connection = await connectToNats({ servers: [server?.url ?? ''], name })
  const stopping = new AbortController()
  const options: BridgeOptions = { name, connection, signal: stopping.signal, note: () => {} }
  const link = openLink({ topic: 'news', subject, direction, lasting }, near, options)
  const running = {
    link,
    async stop() {
      stopping.abort()
      await connection.close()
      await link.ended
    },
  }
  open.add(running)
  return running
}

async function until(condition: () => boolean): Promise<void> {
  while (!condition()) await new Promise((resolve) => setTimeout(resolve, 5))
}

const numbers = (from: number, to: number) =>
  Array.from({ length: to - from }, (_, index) => String(from + index))

for (const lasting of [false, true]) {
  const kind = lasting ? 'lasting' : 'passing'
  test(`a ${kind} link carries both ways, and nothing comes back to whom it came from`, {
    skip,
  }, async () => {
    const [left, right] = [createNear('left-1'), createNear('right-1')]
    const subject = `both.${kind}`
    const bridges = [await run('left', left, subject, lasting), await run('right', right, subject, lasting)]
    // A link says nothing of when it listens: so the first message is said until it is heard.
    while (right.heard().length === 0 || left.heard().length === 0) {
      if (right.heard().length === 0) left.say('hello')
      if (left.heard().length === 0) right.say('hello')
      await new Promise((resolve) => setTimeout(resolve, 50))
    }
    const [leftBefore, rightBefore] = [left.heard().length, right.heard().length]
    for (const number of numbers(0, 200)) left.say(number)
    for (const number of numbers(200, 400)) right.say(number)
    await until(() => right.heard().includes('199') && left.heard().includes('399'))
    assert.deepEqual(right.heard().slice(-200), numbers(0, 200))
    assert.deepEqual(left.heard().slice(-200), numbers(200, 400))
    assert.ok(leftBefore > 0 && rightBefore > 0)
    await until(() => bridges.every(({ link }) => link.describe().passedOver >= 200))
  })
}

test('a lasting link loses nothing and repeats nothing, whichever side was down', { skip }, async () => {
  const [left, right] = [createNear('left-2'), createNear('right-2')]
  let sender = await run('left', left, 'down', true, 'out')
  for (const number of numbers(0, 50)) left.say(number)
  await until(() => sender.link.describe().sent === 50)
  // The receiver comes late.
  let receiver = await run('right', right, 'down', true, 'in')
  await until(() => right.heard().length === 50)
  // The server dies, and messages go on.
  await server?.kill()
  for (const number of numbers(50, 100)) left.say(number)
  await server?.start()
  await until(() => right.heard().length === 100)
  // The receiver is away.
  await receiver.stop()
  for (const number of numbers(100, 150)) left.say(number)
  await until(() => sender.link.describe().sent === 150)
  receiver = await run('right', right, 'down', true, 'in')
  await until(() => right.heard().length === 150)
  // The sender dies before it has noted how far it was.
  await sender.stop()
  left.near.progress.write(0)
  for (const number of numbers(150, 200)) left.say(number)
  sender = await run('left', left, 'down', true, 'out')
  await until(() => right.heard().includes('199'))
  assert.deepEqual(right.heard(), numbers(0, 200))
})

test('a passing link sends what the ring still holds once the server is back, and repeats nothing', {
  skip,
}, async () => {
  const [left, right] = [createNear('left-3'), createNear('right-3')]
  const sender = await run('left', left, 'back', false, 'out')
  await run('right', right, 'back', false, 'in')
  let said = 0
  /** Who is not connected misses what passes: so it is said until it is heard. */
  async function sayUntilHeard(): Promise<void> {
    const heardBefore = right.heard().length
    while (right.heard().length === heardBefore) {
      left.say(`hello ${said++}`)
      await new Promise((resolve) => setTimeout(resolve, 50))
    }
  }
  await sayUntilHeard()
  await server?.kill()
  for (const number of numbers(0, 100)) left.say(number)
  await server?.start()
  await sayUntilHeard()
  await until(() => sender.link.describe().sent >= said + 100)
  assert.deepEqual(right.heard(), [...new Set(right.heard())])
})
