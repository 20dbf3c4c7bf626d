import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { createOrders, type OrderedKeys } from './orders.ts'

/** Keys in a map. While `isDying`, every writer dies between the key that it made and the counter. */
function newKeys(hasReadableKeys = true) {
  const values = new Map<string, Uint8Array>()
  const counters = new Map<string, number>()
  const state = { isDying: false }
  const keys: OrderedKeys = {
    hasReadableKeys,
    list: (prefix = '') => [...values.keys()].filter((key) => key.startsWith(prefix)).sort(),
    has: (key) => values.has(key),
    highest: (key) => (values.has(key) ? (counters.get(key) ?? 0) : undefined),
    raise(key, number) {
      if (!state.isDying && values.has(key)) counters.set(key, Math.max(number, counters.get(key) ?? 0))
    },
    compareAndSet(key, _version, value) {
      if (values.has(key)) return false
      values.set(key, value)
      return true
    },
  }
  return { values, counters, state, ...createOrders(keys) }
}

const value = new Uint8Array(1)

for (const hasReadableKeys of [true, false]) {
  const kind = hasReadableKeys ? 'readable' : 'hashed'

  test(`ordered keys are numbered one after the other, and listed by number, where keys are ${kind}`, () => {
    const { appendOrder, orders, values } = newKeys(hasReadableKeys)
    for (let number = 0; number <= 11; number += 1) assert.equal(appendOrder('a', value), number)
    values.set('a.x', value)
    values.set('ab', value)
    values.set('a.1.5', value)
    assert.deepEqual(orders('a'), ['a', ...Array.from({ length: 11 }, (_, index) => `a.${index + 1}`)])
    assert.deepEqual(orders('b'), [])
  })

  test(`a number whose key is deleted is not given out again, where keys are ${kind}`, () => {
    const { appendOrder, orders, values } = newKeys(hasReadableKeys)
    for (let number = 0; number <= 3; number += 1) appendOrder('a', value)
    values.delete('a.3')
    values.delete('a.1')
    assert.equal(appendOrder('a', value), 4)
    assert.deepEqual(orders('a'), ['a', 'a.2', 'a.4'])
  })

  test(`whoever dies between key and counter costs no order and no value, where keys are ${kind}`, () => {
    fc.assert(
      fc.property(fc.array(fc.boolean(), { maxLength: 40 }), (deaths) => {
        const { appendOrder, orders, state } = newKeys(hasReadableKeys)
        const numbers = deaths.map((isDying) => {
          state.isDying = isDying
          return appendOrder('a', value)
        })
        assert.deepEqual(
          numbers,
          deaths.map((_, index) => index),
        )
        assert.deepEqual(orders('a').length, deaths.length)
      }),
    )
  })

  test(`a counter that was lost is found again from the keys, where keys are ${kind}`, () => {
    const { appendOrder, orders, values, counters } = newKeys(hasReadableKeys)
    for (let number = 0; number <= 100; number += 1) appendOrder('a', value)
    values.delete('a')
    counters.clear()
    assert.equal(appendOrder('a', value), 0)
    assert.equal(appendOrder('a', value), 101)
    assert.equal(orders('a').length, 102)
  })
}

test('the highest number is the last one', () => {
  const { appendOrder, counters } = newKeys()
  appendOrder('a', value)
  counters.set('a', 1_000_000)
  assert.throws(() => appendOrder('a', value), { code: 'STORE_FULL' })
})
