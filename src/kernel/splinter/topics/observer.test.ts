import assert from 'node:assert/strict'
import { randomBytes } from 'node:crypto'
import { test } from 'node:test'
import { createTestBuses, until } from '../fixture.ts'

const { newBus, seat } = createTestBuses()

test('an observer opens what is sealed only with the key of its words', async () => {
  const path = newBus({ seals: 'words' })
  const words = new Map([['tieto', randomBytes(32)]])
  const [writer, granted, stranger] = [
    seat(path, 'tieto', { words }),
    seat(path, 'scope', { words }),
    seat(path, 'other'),
  ]
  const topic = writer.topic('passages', { words: 'tieto' })
  const heard: string[] = []
  const raw: string[] = []
  granted.observe('passages', { words: 'tieto' }, (message) => heard.push(Buffer.from(message).toString()))
  stranger.observe('passages', {}, (message) => raw.push(Buffer.from(message).toString('latin1')))
  assert.throws(() => stranger.observe('passages', { words: 'tieto' }, () => {}), { code: 'BUS_KEY_MISSING' })
  topic.publish(Buffer.from('Call me Ishmael.'))
  await until(() => heard.length === 1 && raw.length === 1)
  assert.deepEqual(heard, ['Call me Ishmael.'])
  assert.doesNotMatch(raw[0] ?? '', /Ishmael/)
})

test('an observer is no consumer: it shows nowhere, and holds up no producer', async () => {
  const path = newBus()
  const [writer, scope] = [seat(path, 'writer'), seat(path, 'scope')]
  const topic = writer.topic('steady', { lossless: true, capacityBytes: 4_096 })
  const positions: number[] = []
  const observation = scope.observe('steady', {}, (message) =>
    positions.push(Buffer.from(message).readUInt32LE()),
  )
  const total = 1_000
  // More than it holds at a time, and in several turns: some are heard, the rest is counted.
  for (let number = 0; number < total; number += 1) {
    const message = Buffer.alloc(32)
    message.writeUInt32LE(number)
    topic.publish(message)
  }
  assert.ok(scope.statistics().topics[0]?.members.every(({ behindBytes }) => behindBytes === undefined))
  await until(() => positions.at(-1) === total - 1)
  assert.equal(positions.length + observation.lost, total)
  assert.deepEqual(
    positions,
    [...positions].sort((one, other) => one - other),
  )
  observation.end()
})

test('what was published before is not observed, nor what comes after the end', async () => {
  const path = newBus()
  const [writer, scope] = [seat(path, 'writer'), seat(path, 'scope')]
  const topic = writer.topic('news')
  const heard: string[] = []
  const publish = (text: string) => topic.publish(Buffer.from(text))
  publish('before')
  const first = scope.observe('news', {}, (message) => heard.push(`first ${Buffer.from(message)}`))
  publish('now')
  await until(() => heard.length === 1)
  first.end()
  scope.observe('news', {}, (message) => heard.push(`second ${Buffer.from(message)}`))
  publish('after')
  await until(() => heard.length === 2)
  assert.deepEqual(heard, ['first now', 'second after'])
})
