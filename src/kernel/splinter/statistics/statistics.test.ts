import assert from 'node:assert/strict'
import { test } from 'node:test'
import { createEnvelope } from '#protocol'
import { createTestBuses, until } from '../fixture.ts'
import { statisticsSince } from './since.ts'

const { newBus, seat } = createTestBuses()

function send(
  from: { address: string; send(envelope: ReturnType<typeof createEnvelope>): void },
  to: string,
) {
  from.send(createEnvelope({ from: from.address, to, type: 'query', payload: 'a'.repeat(1_000) }))
}

test('a bus tells who sent and who received how much, and how long the answered calls took', async () => {
  const path = newBus()
  const [service, caller] = [seat(path, 'tieto'), seat(path, 'cli')]
  service.setState('ready')
  let heard = 0
  service.receive(() => {
    heard += 1
  })
  send(caller, 'tieto')
  await until(() => heard === 1)
  service.took(3)
  const before = caller.statistics()
  send(caller, 'tieto')
  await until(() => heard === 2)
  const after = caller.statistics()

  const [tieto, cli] = after.members
  assert.deepEqual([tieto?.name, cli?.name], ['tieto', 'cli'])
  assert.deepEqual([tieto?.figures.receivedMessages, cli?.figures.sentMessages], [2, 2])
  assert.equal(tieto?.calls.count, 1)
  assert.ok((tieto.calls.p99Micros ?? 0) > 3_000)
  const [since] = statisticsSince(after, before).members
  assert.deepEqual([since?.figures.receivedMessages, since?.calls.count], [1, 0])
  assert.equal(since?.figures.attachedAt, tieto.figures.attachedAt)
})

test('what lies unread in an inbox shows, and is gone when it was read', async () => {
  const path = newBus()
  const [service, caller] = [seat(path, 'tieto'), seat(path, 'cli')]
  service.setState('ready')
  const waiting = () => caller.statistics().members[0]?.inbox.waitingBytes ?? 0
  send(caller, 'tieto')
  assert.ok(waiting() > 1_000)
  await until(() => waiting() === 0)
})

test('a topic tells who consumes it, and how far behind each is', async () => {
  const path = newBus()
  const [reader, writer] = [seat(path, 'reader'), seat(path, 'writer')]
  reader.topic('progress', { lossless: true }).subscribe(() => {})
  writer.topic('progress', { lossless: true }).publish(new Uint8Array(500))
  const consumer = () => {
    const [topic] = writer.statistics().topics
    assert.equal(topic?.name, 'progress')
    return topic.members.find(({ name }) => name === 'reader')
  }
  assert.ok((consumer()?.behindBytes ?? 0) >= 500)
  await until(() => consumer()?.behindBytes === 0)
})
