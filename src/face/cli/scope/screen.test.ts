import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { cut, keysIn, paint, repaint } from './screen.ts'

const screen = fc.array(fc.string({ unit: fc.constantFrom('a', 'b', ' '), maxLength: 6 }), {
  minLength: 4,
  maxLength: 4,
})

/** What a terminal shows after it was sent `written`: as far as `repaint` uses it. */
function apply(before: readonly string[], written: string): string[] {
  const lines = [...before]
  // biome-ignore lint/suspicious/noControlCharactersInRegex: terminals are driven by them.
  for (const [, row, text] of written.matchAll(/\u001b\[(\d+);1H([ab ]*)\u001b\[0m\u001b\[K/g)) {
    lines[Number(row) - 1] = text ?? ''
  }
  return lines
}

test('what is written turns the one screen into the other, and touches no line that stays', () => {
  fc.assert(
    fc.property(screen, screen, (before, after) => {
      const written = repaint(before, after)
      assert.deepEqual(apply(before, written), after)
      const changed = after.filter((line, row) => line !== before[row]).length
      assert.equal(written.split(';1H').length - 1, changed)
    }),
  )
})

test('a screen has as many lines as there are rows, and none is wider than the terminal', () => {
  const lines = cut(['a line that is too long', 'b', 'c', 'd'], 3, 8)
  assert.deepEqual(lines, ['a line …', 'b', 'c'])
  assert.deepEqual(cut(['a'], 2, 8), ['a', ''])
})

test('only a line that begins with an exclamation mark has a colour, and none without colours', () => {
  assert.equal(paint('! tieto is silent', false), '! tieto is silent')
  assert.notEqual(paint('! tieto is silent', true), '! tieto is silent')
  assert.equal(paint('tieto', true), 'tieto')
})

test('keys that come at once are taken one by one, and arrows of both dialects are the same', () => {
  assert.deepEqual(keysIn('\u001b[B\u001bOBq\u001b'), ['\u001b[B', '\u001b[B', 'q', '\u001b'])
  assert.deepEqual(keysIn(''), [])
})
