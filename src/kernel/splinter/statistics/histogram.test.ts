import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import {
  bucketEndMicros,
  bucketOf,
  describeLatency,
  HISTOGRAM_WORDS,
  latencySince,
  mergeHistograms,
  observe,
  readHistogram,
} from './histogram.ts'

const duration = fc.integer({ min: 1, max: 2 ** 26 - 1 })

test('a duration is below the end of its bucket, and the end is at most a quarter above it', () => {
  fc.assert(
    fc.property(duration, (micros) => {
      const end = bucketEndMicros(bucketOf(micros))
      assert.ok(end > micros && end <= Math.max(micros + 1, micros * 1.25))
    }),
  )
})

test('a longer duration is never counted in an earlier bucket', () => {
  fc.assert(
    fc.property(duration, duration, (one, other) => {
      assert.ok(bucketOf(Math.max(one, other)) >= bucketOf(Math.min(one, other)))
    }),
  )
})

test('what is shorter or longer than all buckets is counted in the first or the last', () => {
  assert.deepEqual([0, 0.3, 1].map(bucketOf), [0, 0, 0])
  assert.deepEqual([2 ** 26, 2 ** 40, Number.POSITIVE_INFINITY].map(bucketOf), [103, 103, 103])
  assert.equal(HISTOGRAM_WORDS, 104)
})

test('percentiles are those of the sorted durations, as closely as the buckets tell', () => {
  fc.assert(
    fc.property(fc.array(duration, { minLength: 1, maxLength: 300 }), (durations) => {
      const words = new Int32Array(HISTOGRAM_WORDS + 8)
      for (const micros of durations) observe(words, 8, micros)
      const sorted = [...durations].sort((one, other) => one - other)
      const exact = (part: number) => sorted[Math.ceil(sorted.length * part) - 1] ?? 0
      const { count, p50Micros, p99Micros, mostMicros } = describeLatency(readHistogram(words, 8))
      assert.equal(count, durations.length)
      assert.equal(p50Micros, bucketEndMicros(bucketOf(exact(0.5))))
      assert.equal(p99Micros, bucketEndMicros(bucketOf(exact(0.99))))
      assert.equal(mostMicros, bucketEndMicros(bucketOf(exact(1))))
    }),
  )
})

test('nothing measured has no percentiles', () => {
  const { count, p50Micros, buckets } = describeLatency(mergeHistograms([]))
  assert.deepEqual({ count, p50Micros, buckets }, { count: 0, p50Micros: undefined, buckets: [] })
})

test('what was measured between two readings is what was added', () => {
  const histogram = fc.array(fc.nat(1_000), { minLength: HISTOGRAM_WORDS, maxLength: HISTOGRAM_WORDS })
  fc.assert(
    fc.property(histogram, histogram, (one, other) => {
      const later = describeLatency(mergeHistograms([one, other]))
      assert.deepEqual(latencySince(later, describeLatency(one)), describeLatency(other))
    }),
  )
})

test('a histogram that was begun anew in between is taken as it is', () => {
  const [before, after] = [
    [4, 0, 0],
    [0, 2, 0],
  ].map((histogram) => describeLatency(histogram))
  assert.ok(before && after)
  assert.deepEqual(latencySince(after, before), after)
})
