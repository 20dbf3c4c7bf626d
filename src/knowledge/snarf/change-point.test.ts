import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { estimate, type Sample } from './change-point.ts'

const PRIOR = { mean: 0, variance: 1 }

function steady(count: number, value: number, variance = 0.5): Sample[] {
  return Array.from({ length: count }, (_, index) => ({
    value: value + (index % 2 === 0 ? 0.1 : -0.1),
    variance,
  }))
}

test('without samples there is the prior, and no reliability', () => {
  assert.deepEqual(estimate([], PRIOR), { mean: 0, reliability: 0, run: 0 })
})

test('a steady habit is learnt, and its reliability is that of Spearman and Brown', () => {
  for (const count of [1, 4, 10, 40]) {
    const { mean, reliability, run } = estimate(steady(count, 0.8), PRIOR)
    assert.equal(run, count)
    const ofOne = 1 / (1 + 0.5)
    assert.ok(Math.abs(reliability - (count * ofOne) / (1 + (count - 1) * ofOne)) < 1e-9)
    assert.ok(count < 40 || Math.abs(mean - 0.8) < 0.05)
  }
})

test('one strange day in a steady habit changes nothing much', () => {
  const before = estimate(steady(20, 0.8), PRIOR)
  const after = estimate([...steady(20, 0.8), { value: -1.5, variance: 0.5 }], PRIOR)
  assert.equal(after.run, 21)
  assert.ok(Math.abs(after.mean - before.mean) < 0.15)
})

test('after a change of habit the run begins where the new one does', () => {
  const samples = [...steady(20, 1.5, 0.1), ...steady(6, -1.5, 0.1)]
  const { mean, run } = estimate(samples, PRIOR)
  assert.equal(run, 6)
  assert.ok(mean < -1.2)
})

test('any samples give a finite estimate, and no more than is certain', () => {
  const sample = fc.record({
    value: fc.double({ min: -1e6, max: 1e6, noNaN: true }),
    variance: fc.double({ min: 1e-3, max: 1e3, noNaN: true }),
  })
  fc.assert(
    fc.property(fc.array(sample, { maxLength: 60 }), (samples) => {
      const { mean, reliability, run } = estimate(samples, PRIOR)
      assert.ok(Number.isFinite(mean))
      assert.ok(reliability >= 0 && reliability < 1)
      assert.ok(run >= 0 && run <= samples.length)
    }),
  )
})
