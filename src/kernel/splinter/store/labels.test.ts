import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { checkLabel, checkMask, halvesOf, hasLabels, toMask, toSigned } from './labels.ts'

const anyMask = fc.bigInt({ min: 0n, max: 2n ** 64n - 1n })

test('a search by halves finds what the whole masks say', () => {
  fc.assert(
    fc.property(anyMask, anyMask, (mask, wanted) => {
      const { low, high } = halvesOf(mask)
      assert.equal(hasLabels(low, high, halvesOf(wanted), 'all'), (mask & wanted) === wanted)
      assert.equal(hasLabels(low, high, halvesOf(wanted), 'any'), (mask & wanted) !== 0n)
    }),
  )
})

test('a mask comes back from memory as it went there, with all 64 labels', () => {
  fc.assert(fc.property(anyMask, (mask) => assert.equal(toMask(toSigned(checkMask(mask))), mask)))
})

test('what is no label and no mask is refused', () => {
  for (const mask of [-1n, 2n ** 64n]) assert.throws(() => checkMask(mask), { code: 'BAD_INPUT' })
  for (const label of [-1, 64, 0.5, Number.NaN]) assert.throws(() => checkLabel(label), { code: 'BAD_INPUT' })
  assert.equal(checkLabel(63), 63)
})
