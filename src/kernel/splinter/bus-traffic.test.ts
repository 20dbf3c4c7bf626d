import assert from 'node:assert/strict'
import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { after, test } from 'node:test'
import { fileURLToPath } from 'node:url'
import { createEnvelope } from '#protocol'
import { attachBus, type Bus } from './bus.ts'
import { createTestBuses, until } from './fixture.ts'

const MESSAGES = 3_000
const MESSAGE_BYTES = 64
const [, , role = '', busPath = ''] = process.argv

/** This file is also the main of the processes that it talks to. */
if (role === 'producer') await produce(attachBus(busPath, { name: 'producer' }))
if (role === 'worker') await work(attachBus(busPath, { name: 'worker' }))

async function produce(bus: Bus): Promise<void> {
  const topic = bus.topic('work', { lossless: true, capacityBytes: 8_192 })
  const message = Buffer.alloc(MESSAGE_BYTES)
  for (let number = 0; number < MESSAGES; number += 1) {
    message.writeInt32LE(process.pid, 0)
    message.writeInt32LE(number, 4)
    await topic.publishWhenFree(message, { timeoutMs: 30_000 })
  }
  bus.close()
  process.exit()
}

/** Until it is killed. */
async function work(bus: Bus): Promise<never> {
  bus.topic('work', { lossless: true, capacityBytes: 8_192 }).subscribe(() => {})
  bus.setState('ready')
  return new Promise(() => {})
}

const { newBus, seat } = createTestBuses()
const children: ChildProcess[] = []
after(() => {
  for (const child of children) child.kill('SIGKILL')
})

function start(as: string, path: string): ChildProcess {
  const child = spawn(process.execPath, [fileURLToPath(import.meta.url), as, path], { stdio: 'inherit' })
  children.push(child)
  return child
}

test('several processes publish without loss to several consumers, each in the order of each producer', async () => {
  const path = newBus()
  const consumers = ['first', 'second'].map((name) => seat(path, name))
  const next = consumers.map((bus) => {
    const byProducer = new Map<number, number>()
    const topic = bus.topic('work', { lossless: true, capacityBytes: 8_192 })
    topic.subscribe((message) => {
      const bytes = Buffer.from(message)
      const producer = bytes.readInt32LE(0)
      assert.equal(bytes.readInt32LE(4), byProducer.get(producer) ?? 0)
      byProducer.set(producer, (byProducer.get(producer) ?? 0) + 1)
    })
    return byProducer
  })
  const producers = [start('producer', path), start('producer', path)]
  await Promise.all(producers.map((child) => once(child, 'exit')))
  await until(() =>
    next.every((counts) => [...counts.values()].reduce((sum, n) => sum + n, 0) === 2 * MESSAGES),
  )
  for (const counts of next) assert.deepEqual([...counts.values()], [MESSAGES, MESSAGES])
})

test('a consumer that is killed holds up its producers no longer, and who watched it is told', async () => {
  const path = newBus()
  const producer = seat(path, 'test')
  const worker = start('worker', path)
  await until(() => producer.members().some(({ name, state }) => name === 'worker' && state === 'ready'))
  worker.kill('SIGSTOP')
  const topic = producer.topic('work', { lossless: true, capacityBytes: 8_192 })
  const fill = () => {
    for (;;) topic.publish(new Uint8Array(1_000))
  }
  assert.throws(fill, { code: 'BUS_BACKPRESSURE' })
  await assert.rejects(topic.publishWhenFree(new Uint8Array(1_000), { timeoutMs: 10 }), {
    code: 'BUS_BACKPRESSURE',
  })
  let lost = false
  producer.watch('worker', () => {
    lost = true
  })
  const published = topic.publishWhenFree(new Uint8Array(1_000), { timeoutMs: 30_000 })
  worker.kill('SIGKILL')
  await published
  await until(() => lost)
  assert.deepEqual(
    producer.members().map(({ name }) => name),
    ['test'],
  )
})

test('an inbox that is full refuses, and what expired in it is dropped and counted', async () => {
  const path = newBus()
  const [receiver, sender] = [seat(path, 'receiver'), seat(path, 'sender')]
  receiver.setState('ready')
  const late = {
    from: sender.address,
    to: 'receiver',
    type: 'event',
    sentAt: Date.now() - 2_000,
    timeToLiveMs: 1_000,
  } as const
  sender.send(createEnvelope(late))
  const event = createEnvelope({
    ...late,
    sentAt: Date.now(),
    timeToLiveMs: 60_000,
    payload: 'x'.repeat(10_000),
  })
  const fill = () => {
    for (;;) sender.send(event)
  }
  assert.throws(fill, { code: 'BUS_BACKPRESSURE' })
  const figuresOf = (name: string) => sender.members().find((member) => member.name === name)?.figures
  await until(() => (figuresOf('receiver')?.receivedMessages ?? 0) > 5)
  assert.equal(figuresOf('receiver')?.expired, 1)
  assert.equal(figuresOf('sender')?.refused, 1)
  sender.send(event)
})
