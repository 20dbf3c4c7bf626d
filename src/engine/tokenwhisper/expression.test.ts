import assert from 'node:assert/strict'
import { test } from 'node:test'
import { compileExpression } from './expression.ts'

test('what the dialect does not know is refused, with the place', () => {
  const wrong: readonly [string, RegExp][] = [
    ['ab(', /ends too early|is missing/],
    ['ab)', /closes nothing \(character 2/],
    ['ab[', /ends too early/],
    ['ab[z-a]', /backwards/],
    ['ab{3,2}', /backwards/],
    ['ab{x}', /count/],
    ['ab{99999}', /count/],
    ['ab**', /quantifier/],
    ['ab+?', /quantifier/],
    ['^ab', /'\^'/],
    ['ab$', /'\$'/],
    ['ab\\b', /'\\b' is not supported/],
    ['ab(?=c)', /only \(\?: \)/],
    ['(a)b\\1', /not supported/],
    ['ab[é]', /ASCII/],
    [`ab${'('.repeat(40)}${')'.repeat(40)}`, /nested/],
    ['ab\\', /too early/],
  ]
  for (const [source, message] of wrong) {
    assert.throws(() => compileExpression(source, false), { code: 'POLICY_INVALID', message }, source)
  }
})

test('an expression must match something, and begin with something fixed', () => {
  for (const source of ['', 'a?', '(?:)*', 'a', '.ab', '[a-z]{5}', 'a*bc*']) {
    assert.throws(() => compileExpression(source, false), { code: 'POLICY_INVALID' }, source)
  }
})

test('the fixed beginnings are as long as can be, and all of one length', () => {
  const prefixesOf = (source: string) => [...compileExpression(source, false).prefixes].sort()
  assert.deepEqual(prefixesOf('AKIA.{16}'), ['akia'])
  assert.deepEqual(prefixesOf('gh[op]_.*x'), ['gho_', 'ghp_'])
  assert.deepEqual(prefixesOf('ab|abc+'), ['ab'])
  assert.deepEqual(prefixesOf('a(?:b|cd)e'), ['abe', 'acd'])
})

test('repetitions that would need too much room are refused', () => {
  assert.equal(compileExpression('ab[a-z]{4000}', false).size, 4_002)
  assert.throws(() => compileExpression('ab(?:[a-z]{100}){100}', false), {
    code: 'POLICY_INVALID',
    message: /large/,
  })
  assert.throws(() => compileExpression(`ab(?:${'c?'.repeat(900)})*`, false), { code: 'POLICY_INVALID' })
})
