import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { test } from 'node:test'
import { createKey } from '#kernel/seal'
import { RunaError } from '#protocol'
import { until } from '../fixture.ts'
import { bytes, createTestMembers, LOSSLESS, text } from './topics-fixture.ts'

const { members, newBus, seat } = createTestMembers()

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

test('on a sealed bus, streams, groups, requests and answers cross unseen', async () => {
  const secret = createKey()
  const path = newBus({ seals: 'everything', secret })
  const [a, b] = [seat(path, 'a', { secret }), seat(path, 'b', { secret })]
  const sentence = 'the heron at the mill pond'
  const [topic, far] = [a.topic('work', LOSSLESS), b.topic('work', LOSSLESS)]
  const [stream, puller] = [far.stream(), far.pull()]
  const heard: string[] = []
  far.subscribe((message) => heard.push(text(message)), { group: 'workers' })
  topic.publish(bytes(sentence))
  assert.equal(text((await stream.next()).value ?? new Uint8Array()), sentence)
  assert.ok(puller.waitSync({ timeoutMs: 1_000 }))
  assert.throws(() => puller.nextInto(Buffer.alloc(3)), { code: 'BAD_INPUT' })
  const into = Buffer.alloc(100)
  assert.equal(into.toString('utf8', 0, puller.nextInto(into)), sentence)
  await until(() => heard.length === 1)
  assert.deepEqual(heard, [sentence])
  far.reply((message) => {
    if (message.length === 1) throw new RunaError('BOARD_UNKNOWN', sentence)
    return bytes(`${text(message)}!`)
  })
  assert.equal(text(await topic.request(bytes(sentence))), `${sentence}!`)
  await assert.rejects(topic.request(Uint8Array.of(1)), { code: 'BOARD_UNKNOWN', message: /^(?!.*heron)/ })
  assert.ok(!readFileSync(path).includes(sentence))
  await stream.return?.()
})
