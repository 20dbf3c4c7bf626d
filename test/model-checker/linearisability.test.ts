import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { isLinearisable, type Meaning, type Operation } from './linearisability.ts'

type Call = { readonly set: string } | 'get'

const REGISTER: Meaning<Call, string> = {
  initial: 'none',
  apply(state, call, result) {
    if (call !== 'get') return call.set
    return result === undefined || result === state ? state : undefined
  },
}

function at(invokedAt: number, returnedAt: number, call: Call, result?: string): Operation<Call, string> {
  return { invokedAt, returnedAt, call, ...(result === undefined ? {} : { result }) }
}

test('a read sees what was written before it, or is being written', () => {
  assert.ok(isLinearisable([at(0, 1, { set: 'a' }, ''), at(2, 3, 'get', 'a')], REGISTER))
  assert.ok(
    isLinearisable([at(0, 9, { set: 'a' }, ''), at(2, 3, 'get', 'a'), at(4, 5, 'get', 'a')], REGISTER),
  )
  assert.ok(isLinearisable([at(0, 9, { set: 'a' }, ''), at(2, 3, 'get', 'none')], REGISTER))
})

test('a stale read is no order of calls', () => {
  assert.ok(!isLinearisable([at(0, 1, { set: 'a' }, ''), at(2, 3, 'get', 'none')], REGISTER))
  const back = [at(0, 9, { set: 'a' }, ''), at(2, 3, 'get', 'a'), at(4, 5, 'get', 'none')]
  assert.ok(!isLinearisable(back, REGISTER))
})

test('a call that never returned may have happened, or not, or later', () => {
  const dead = at(0, Number.POSITIVE_INFINITY, { set: 'a' })
  assert.ok(isLinearisable([dead, at(2, 3, 'get', 'none')], REGISTER))
  assert.ok(isLinearisable([dead, at(2, 3, 'get', 'none'), at(4, 5, 'get', 'a')], REGISTER))
  assert.ok(!isLinearisable([dead, at(2, 3, 'get', 'a'), at(4, 5, 'get', 'none')], REGISTER))
})

test('what really happened in one order is always explained, and a value that nobody wrote never', () => {
  const steps = fc.array(
    fc.record({ by: fc.nat(3), write: fc.boolean(), early: fc.nat(3), late: fc.nat(3) }),
    {
      maxLength: 40,
    },
  )
  fc.assert(
    fc.property(steps, (taken) => {
      let state = 'none'
      const operations = taken.map(({ write, early, late }, index) => {
        if (write) state = `v${index}`
        // Each happens at its index, and begins before and returns after that.
        return at(index - early - 0.5, index + late + 0.5, write ? { set: state } : 'get', state)
      })
      assert.ok(isLinearisable(operations, REGISTER))
      const invented = at(-1, 100, 'get', 'nobody wrote this')
      assert.ok(!isLinearisable([...operations, invented], REGISTER))
    }),
    { numRuns: 100 },
  )
})
