import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { planBudget } from './budget.ts'

const NOTHING = { manner: [], history: [], passages: [], memory: [] }
const sum = (sizes: readonly number[]) => sizes.reduce((total, size) => total + size, 0)

test('what all want together and fits is given whole', () => {
  const wants = { manner: [10], history: [20, 20], passages: [30], memory: [5] }
  assert.deepEqual(planBudget(85, wants), { manner: 1, history: 2, passages: 1, memory: 1 })
})

test('each has its share, however much the others want', () => {
  const many = Array.from({ length: 100 }, () => 10)
  const wants = { manner: [15], history: many, passages: many, memory: many }
  // 15, 35, 35 and 15 of a hundred; the 15 that fit nobody's tens are one more for the first who wants it.
  assert.deepEqual(planBudget(100, wants), { manner: 1, history: 4, passages: 3, memory: 1 })
})

test('room that one does not use flows on to the others', () => {
  const many = Array.from({ length: 100 }, () => 10)
  assert.equal(planBudget(100, { ...NOTHING, memory: many }).memory, 10)
  assert.equal(planBudget(100, { ...NOTHING, history: [10], passages: many }).passages, 9)
})

test('no plan is larger than its room, and nothing is left out that would still fit', () => {
  const sizes = fc.array(fc.integer({ min: 1, max: 200 }), { maxLength: 8 })
  const wants = fc.record({ manner: sizes, history: sizes, passages: sizes, memory: sizes })
  fc.assert(
    fc.property(fc.integer({ min: -10, max: 1_500 }), wants, (room, wanted) => {
      const taken = planBudget(room, wanted)
      const parts = ['manner', 'history', 'passages', 'memory'] as const
      const used = sum(parts.map((part) => sum(wanted[part].slice(0, taken[part]))))
      assert.ok(used <= Math.max(0, room))
      for (const part of parts) {
        const next = wanted[part][taken[part]]
        assert.ok(next === undefined || used + next > room)
      }
    }),
  )
})
