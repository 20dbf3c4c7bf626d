import assert from 'node:assert/strict'
import { test } from 'node:test'
import { momentsOf } from './moments.ts'

test('two days span from the beginning of the one to the end of the other', () => {
  const { from, to } = momentsOf({ from: '2026-01-30', to: '2026-01-31' })
  assert.equal(from, new Date(2026, 0, 30).getTime())
  assert.equal(to, new Date(2026, 1, 1).getTime())
  assert.deepEqual(momentsOf({}), {})
  assert.deepEqual(momentsOf({ to: '2026-01-31T12:00Z' }), { to: Date.UTC(2026, 0, 31, 12) })
})

test('what is no day is refused, also one that no calendar has', () => {
  for (const from of ['yesterday', '2026-02-30', '2026-13-01', '', '1-1-1']) {
    assert.throws(() => momentsOf({ from }), { code: 'BAD_INPUT' })
  }
})
