import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { bestRows, mixScores, scaleScores } from './ranking.ts'
import { createVectorRows, encodeVector, euclideanDistance } from './vectors.ts'

const DIMENSIONS = 8
const vectors = fc.float32Array({
  minLength: DIMENSIONS,
  maxLength: DIMENSIONS,
  noNaN: true,
  min: -1,
  max: 1,
})

function cosine(left: Float32Array, right: Float32Array): number {
  const dot = left.reduce((sum, value, index) => sum + value * (right[index] ?? 0), 0)
  return dot / (Math.hypot(...left) * Math.hypot(...right))
}

test('cosines over 8-bit codes are those of the vectors, nearly', () => {
  fc.assert(
    fc.property(fc.array(vectors, { maxLength: 300 }), vectors, (rows, direction) => {
      const length = Math.hypot(...direction)
      fc.pre(length > 0.01 && rows.every((row) => Math.hypot(...row) > 0.01))
      const index = createVectorRows(DIMENSIONS)
      for (const row of rows) index.add(encodeVector(row))
      const cosines = index.cosines(direction.map((value) => value / length))
      for (const [number, row] of rows.entries()) {
        assert.ok(Math.abs((cosines[number] ?? 9) - cosine(row, direction)) < 0.03)
      }
    }),
    { numRuns: 30 },
  )
})

test('a vector of zeros is like nothing, and a row that is not allowed is not compared', () => {
  const index = createVectorRows(2)
  index.add(encodeVector(Float32Array.of(0, 0)))
  index.add(encodeVector(Float32Array.of(3, 0)))
  assert.deepEqual([...index.cosines(Float32Array.of(1, 0))], [0, 1])
  assert.deepEqual([...index.cosines(Float32Array.of(1, 0), Uint8Array.of(1, 0))], [0, 0])
})

test('distance runs from 0 for the same direction to 2 for the opposite', () => {
  assert.deepEqual([1, 0, -1].map(euclideanDistance), [0, Math.SQRT2, 2])
})

test('a mixed score is the weighted sum of both, each divided by its best', () => {
  const mixed = mixScores(Float32Array.of(4, 2, 0), Float32Array.of(0.25, 0.5, -0.5), 0.25)
  assert.deepEqual([...mixed], [0.875, 0.625, 0])
})

test('where one side finds nothing, the other decides alone', () => {
  const nothing = new Float32Array(2)
  assert.deepEqual([...mixScores(Float32Array.of(2, 1), nothing)], [1, 0.5])
  assert.deepEqual([...mixScores(nothing, Float32Array.of(0.25, 0.5))], [0.5, 1])
  assert.deepEqual([...mixScores(nothing, nothing)], [0, 0])
  assert.deepEqual([...scaleScores(Float32Array.of(2, -1))], [1, 0])
})

test('the best rows are those that sorting finds', () => {
  const scores = fc.float32Array({ maxLength: 60, noNaN: true, min: -1, max: 1 })
  fc.assert(
    fc.property(scores, fc.integer({ min: 1, max: 20 }), (values, count) => {
      const sorted = [...values.keys()].filter((row) => (values[row] ?? 0) > 0)
      sorted.sort((a, b) => (values[b] ?? 0) - (values[a] ?? 0) || a - b)
      assert.deepEqual(bestRows(values, count), sorted.slice(0, count))
    }),
  )
})
