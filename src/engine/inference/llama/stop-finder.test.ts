import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { createStopFinder } from './stop-finder.ts'

function run(stops: readonly string[], pieces: readonly string[]): string {
  const finder = createStopFinder(stops)
  let said = ''
  for (const piece of pieces) {
    const { text, found } = finder.push(piece)
    said += text
    if (found) return said
  }
  return said + finder.end()
}

test('nothing from the first stop on is said, however the text is cut', () => {
  const letters = fc.constantFrom('a', 'b', 'c')
  const texts = fc.string({ unit: letters, maxLength: 6 })
  fc.assert(
    fc.property(
      fc.array(texts),
      fc.array(fc.string({ unit: letters, minLength: 1, maxLength: 3 })),
      (pieces, stops) => {
        const whole = pieces.join('')
        // A stop that is found earlier wins, also over a longer one that began before it: text once said stays said.
        const ends = stops.map((stop) => whole.indexOf(stop)).filter((index) => index >= 0)
        const expected = ends.length > 0 ? whole.slice(0, Math.min(...ends)) : whole
        const said = run(stops, pieces)
        assert.ok(whole.startsWith(said))
        for (const stop of stops) assert.ok(!said.includes(stop))
        if (ends.length === 0 || new Set(stops).size === 1) assert.equal(said, expected)
      },
    ),
  )
})

test('what cannot become a stop is said at once', () => {
  const finder = createStopFinder(['END'])
  assert.deepEqual(finder.push('the E'), { text: 'the ', found: false })
  assert.deepEqual(finder.push('arth'), { text: 'Earth', found: false })
})
