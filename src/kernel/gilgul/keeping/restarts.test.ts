import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { createRestarts, RESTART_DEFAULT } from './restarts.ts'

const policy = RESTART_DEFAULT

function createClock() {
  let now = 0
  return {
    nowMs: () => now,
    advance(byMs: number) {
      now += byMs
    },
  }
}

test('pauses double from the first to the longest, and a healthy life starts them over', () => {
  const { nowMs, advance } = createClock()
  const restarts = createRestarts(policy, { nowMs, random: () => 1 })
  const pauses: (number | undefined)[] = []
  for (let death = 0; death < 9; death += 1) {
    advance(policy.windowMs / policy.deathsMax)
    pauses.push(restarts.pauseAfter({ ranMs: 1 }))
  }
  assert.deepEqual(pauses, [100, 200, 400, 800, 1_600, 3_200, 6_400, 10_000, 10_000])
  advance(policy.windowMs)
  assert.equal(restarts.pauseAfter({ ranMs: policy.healthyMs }), 100)
})

test('too many deaths within the window, or starts that came to nothing, end the patience', () => {
  const { nowMs, advance } = createClock()
  const restarts = createRestarts(policy, { nowMs })
  for (let death = 0; death < policy.deathsMax; death += 1) {
    assert.notEqual(restarts.pauseAfter({ ranMs: 1 }), undefined)
  }
  assert.equal(restarts.pauseAfter({ ranMs: 1 }), undefined)
  advance(policy.windowMs)
  assert.notEqual(restarts.pauseAfter({ ranMs: undefined }), undefined)
  assert.notEqual(restarts.pauseAfter({ ranMs: undefined }), undefined)
  assert.equal(restarts.pauseAfter({ ranMs: undefined }), undefined)
})

test('whatever happens, a pause lies between nothing and the longest, and a window bears no more than its deaths', () => {
  const life = fc.record({
    gapMs: fc.nat(30_000),
    ranMs: fc.option(fc.nat(20_000), { nil: undefined }),
  })
  fc.assert(
    fc.property(fc.array(life, { maxLength: 200 }), (lives) => {
      const { nowMs, advance } = createClock()
      const restarts = createRestarts(policy, { nowMs })
      const borne: number[] = []
      for (const { gapMs, ranMs } of lives) {
        advance(gapMs)
        const pauseMs = restarts.pauseAfter({ ranMs })
        if (pauseMs === undefined) continue
        assert.ok(pauseMs >= 0 && pauseMs <= policy.pauseMaxMs)
        borne.push(nowMs())
        const recent = borne.filter((death) => nowMs() - death < policy.windowMs)
        assert.ok(recent.length <= policy.deathsMax)
      }
    }),
  )
})
