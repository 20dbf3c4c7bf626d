import assert from 'node:assert/strict'
import { test } from 'node:test'
import { bucketOf, describeLatency, HISTOGRAM_WORDS } from './histogram.ts'
import { someMember, someTopic, statisticsOf } from './statistics-fixture.ts'
import { findTroubles } from './troubles.ts'

function latencyOf(count: number, micros: number) {
  const histogram = new Array<number>(HISTOGRAM_WORDS).fill(0)
  histogram[bucketOf(micros)] = count
  return describeLatency(histogram)
}

function kindsOf(
  members: Parameters<typeof statisticsOf>[0],
  topics: Parameters<typeof statisticsOf>[1] = [],
) {
  return findTroubles(statisticsOf(members, topics)).map(({ kind }) => kind)
}

test('who gives heartbeats and stops is silent after three seconds', () => {
  assert.deepEqual(kindsOf([someMember({ silentMs: 3_000 })]), [])
  assert.deepEqual(kindsOf([someMember({ silentMs: 3_001 })]), ['silent'])
})

test('who never gave a heartbeat, or is stopping, is not silent', () => {
  assert.deepEqual(kindsOf([someMember({}), someMember({ silentMs: 9_000, state: 'stopping' })]), [])
})

test('who has half of an inbox or a topic before it is behind', () => {
  assert.deepEqual(kindsOf([someMember({ waitingBytes: 500 })], [someTopic({ behindBytes: 500 })]), [])
  const troubles = findTroubles(
    statisticsOf([someMember({ waitingBytes: 501 })], [someTopic({ behindBytes: 900, name: 'news' })]),
  )
  assert.deepEqual(
    troubles.map(({ kind, topic }) => ({ kind, topic })),
    [
      { kind: 'behind', topic: undefined },
      { kind: 'behind', topic: 'news' },
    ],
  )
  assert.equal(troubles[1]?.sentence, "tieto is 90 % of the topic 'news' behind.")
})

test('who is slow for one in a hundred is named once enough was measured', () => {
  const slow = 400_000
  assert.deepEqual(kindsOf([someMember({ latency: latencyOf(19, slow) })]), [])
  assert.deepEqual(kindsOf([someMember({ latency: latencyOf(20, slow) })]), ['slow'])
  assert.deepEqual(kindsOf([someMember({ calls: latencyOf(20, slow) })]), ['slow'])
  assert.deepEqual(kindsOf([], [someTopic({ latency: latencyOf(20, slow) })]), ['slow'])
  assert.deepEqual(kindsOf([someMember({ latency: latencyOf(2_000, 100_000) })]), [])
})

test('losses, refusals and damage are named with their number', () => {
  const troubles = findTroubles(statisticsOf([someMember({ lost: 3, refused: 1, repeated: 2 })], []))
  assert.deepEqual(
    troubles.map(({ kind, sentence }) => ({ kind, sentence })),
    [
      { kind: 'losing', sentence: 'tieto lost 3 messages: it does not keep up.' },
      { kind: 'refused', sentence: 'tieto was refused a message: others do not keep up.' },
      {
        kind: 'damaged',
        sentence: 'tieto got 2 messages that it could not take: damaged, without key or repeated.',
      },
    ],
  )
})

test('a store that is nearly full of keys, or cannot announce what it lets go of, is named', () => {
  const kinds = (store: Parameters<typeof statisticsOf>[2]) =>
    findTroubles(statisticsOf([], [], store)).map(({ kind }) => kind)
  assert.deepEqual(kinds({ keys: 90, keysMax: 100 }), [])
  assert.deepEqual(kinds({ keys: 91, keysMax: 100, untold: 2 }), ['full', 'untold'])
})
