import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { checkDecay, checkDuration, isWeak, isWorthNoting, strengthAfter } from './decay.ts'

const halfLife = fc.double({ min: 1, max: 1e10, noNaN: true })
const elapsed = fc.double({ min: -1e10, max: 1e12, noNaN: true })

test('strength halves with each half-life, and never grows by waiting', () => {
  assert.equal(strengthAfter(0, 1_000), 1)
  assert.equal(strengthAfter(1_000, 1_000), 0.5)
  assert.equal(strengthAfter(3_000, 1_000), 0.125)
  fc.assert(
    fc.property(halfLife, elapsed, elapsed, (halfLifeMs, first, second) => {
      const [sooner, later] = [Math.min(first, second), Math.max(first, second)]
      const strength = strengthAfter(later, halfLifeMs)
      assert.ok(strength >= 0 && strength <= 1)
      assert.ok(strength <= strengthAfter(sooner, halfLifeMs))
    }),
  )
})

test('two waits one after the other take as much as one of their length', () => {
  const wait = fc.double({ min: 0, max: 100, noNaN: true })
  fc.assert(
    fc.property(wait, wait, (first, second) => {
      const together = strengthAfter(first + second, 10)
      const apart = strengthAfter(first, 10) * strengthAfter(second, 10)
      assert.ok(Math.abs(together - apart) <= 1e-12)
    }),
  )
})

test('a key is weak once its threshold is passed, and not at it', () => {
  const decay = { halfLifeMs: 1_000, threshold: 0.25 }
  assert.ok(!isWeak(2_000, decay))
  assert.ok(isWeak(2_001, decay))
  assert.ok(!isWeak(-1, decay))
})

test('a use is noted when it gains a tenth, and when the clock was set back', () => {
  fc.assert(
    fc.property(halfLife, elapsed, (halfLifeMs, elapsedMs) => {
      const gain = 1 - strengthAfter(elapsedMs, halfLifeMs)
      if (gain > 0.1001) assert.ok(isWorthNoting(elapsedMs, halfLifeMs))
      if (elapsedMs >= 0 && gain < 0.0999) assert.ok(!isWorthNoting(elapsedMs, halfLifeMs))
    }),
  )
  assert.ok(isWorthNoting(-1, 1_000))
})

test('durations, half-lives and thresholds that make no sense are refused', () => {
  for (const durationMs of [0, -1, Number.NaN, Number.POSITIVE_INFINITY, 2e15]) {
    assert.throws(() => checkDuration('A time to live', durationMs), { code: 'BAD_INPUT' })
    assert.throws(() => checkDecay({ halfLifeMs: durationMs, threshold: 0.5 }), { code: 'BAD_INPUT' })
  }
  for (const threshold of [0, 1, -0.1, 7, Number.NaN]) {
    assert.throws(() => checkDecay({ halfLifeMs: 1, threshold }), { code: 'BAD_INPUT' })
  }
})
