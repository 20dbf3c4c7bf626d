import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { Bm25Index } from './bm25.ts'

const someTerms = fc.array(fc.constantFrom('sea', 'ship', 'whale', 'leg', 'oil'), { maxLength: 8 })

/** The formula as it stands in the paper, without any index. */
function naiveScore(
  rows: readonly (readonly string[])[],
  row: readonly string[],
  question: readonly string[],
): number {
  const mean = rows.reduce((sum, terms) => sum + terms.length, 0) / rows.length || 1
  const scores = [...new Set(question)].map((term) => {
    const having = rows.filter((terms) => terms.includes(term)).length
    const count = row.filter((other) => other === term).length
    const weight = Math.log(1 + (rows.length - having + 0.5) / (having + 0.5))
    return (weight * count * 2.2) / (count + 1.2 * (0.25 + (0.75 * row.length) / mean))
  })
  return scores.reduce((sum, score) => sum + score, 0)
}

test('scores are those of the formula, also after rows were removed', () => {
  fc.assert(
    fc.property(
      fc.array(fc.tuple(someTerms, fc.boolean()), { minLength: 1, maxLength: 12 }),
      someTerms,
      (rows, question) => {
        const index = new Bm25Index()
        const numbers = rows.map(([terms]) => index.add(terms))
        for (const [position, [, removed]] of rows.entries())
          if (removed) index.remove(numbers[position] ?? -1)
        const living = rows.filter(([, removed]) => !removed).map(([terms]) => terms)
        assert.equal(index.size, living.length)
        const scores = index.score(question)
        for (const [position, [terms, removed]] of rows.entries()) {
          const expected = removed ? 0 : naiveScore(living, terms, question)
          assert.ok(Math.abs((scores[position] ?? Number.NaN) - expected) < 1e-4)
        }
      },
    ),
  )
})

test('a row that is not allowed scores nothing', () => {
  const index = new Bm25Index()
  index.add(['sea'])
  index.add(['sea', 'ship'])
  assert.equal(index.score(['sea'], Uint8Array.of(0, 1))[0], 0)
  assert.ok((index.score(['sea'], Uint8Array.of(0, 1))[1] ?? 0) > 0)
})

test('a rare term weighs more than a frequent one, and an unknown one most', () => {
  const index = new Bm25Index()
  for (const terms of [['sea', 'whale'], ['sea'], ['sea']]) index.add(terms)
  assert.ok(index.weightOf('unicorn') > index.weightOf('whale'))
  assert.ok(index.weightOf('whale') > index.weightOf('sea'))
  assert.ok(index.weightOf('sea') > 0)
})

test('removing a row twice, or one that never was, changes nothing', () => {
  const index = new Bm25Index()
  index.add(['sea'])
  index.add(['ship'])
  index.remove(0)
  index.remove(0)
  index.remove(7)
  assert.equal(index.size, 1)
  assert.ok((index.score(['ship'])[1] ?? 0) > 0)
})
