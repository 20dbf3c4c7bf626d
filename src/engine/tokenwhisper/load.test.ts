import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { RunaError } from '#protocol'
import { checkInput } from './check.ts'
import { compilePolicies } from './compile.ts'
import { loadContacts } from './contacts.ts'
import { addExposure, NO_EXPOSURE } from './exposure.ts'
import { loadPolicy } from './load.ts'
import { createTokenStream } from './stream.ts'

const SOUND = `id: house
version: 1
rules:
  - id: shout
    dimension: noise
    direction: both
    severity: low
    action: mask
    patterns:
      - be loud
      - regex: 'loud[0-9]+'
        bytesMax: 12
    examples:
      match: [Be  LOUD now., loud42]
      noMatch: [be louder]
  - id: stop
    dimension: ends
    direction: input
    severity: high
    action: block
    reply: Enough.
    patterns: [end of talk]
    examples:
      match: [the end of talk]
      noMatch: [the end]
`

function faultOf(text: string): string {
  try {
    loadPolicy(text)
  } catch (error) {
    assert.ok(error instanceof RunaError && error.code === 'POLICY_INVALID', String(error))
    return error.message
  }
  throw new assert.AssertionError({ message: 'the policy was taken' })
}

test('a mistake is named by its line and its rule', () => {
  const mistakes: readonly [string, string, RegExp][] = [
    ['severity: low', 'severity: loud', /^Line 7, rule 'shout', severity: /],
    ['action: mask', 'action: redirect', /^Line 8, rule 'shout', action: 'redirect' is not supported yet/],
    ['action: mask', 'action: shoot', /^Line 8, .*must be allow, mask or block/],
    ['be loud', 'be\n loud: [', /^Line \d+: /],
    ['be loud', 'true', /^Line 10, rule 'shout', patterns\.0: /],
    ["'loud[0-9]+'", "'loud[0-9'", /^Line 11, rule 'shout', patterns\.1: .*too early/],
    ['bytesMax: 12', 'bytesMax: 99999', /^Line 12, rule 'shout', patterns\.1/],
    ['        bytesMax: 12\n', '', /^Line 11, rule 'shout', patterns\.1/],
    ['Be  LOUD now.', 'Be quiet', /^Line 14, rule 'shout', examples\.match\.0: .*not caught/],
    ['[be louder]', '[be louder, be loud]', /^Line 15, rule 'shout', examples\.noMatch\.1: .*must not/],
    ['    reply: Enough.\n', '', /^Line 16, rule 'stop', reply: is needed/],
    ['Enough.', 'Call {contacts}', /^Line 21, rule 'stop', reply: .*contacts\.yaml/],
    ['id: stop', 'id: shout', /^Line 16, rule 'shout', id: another rule/],
    ['id: stop', 'id: stop\n    lanes: 2', /^Line 16, rule 'stop'.*lanes/],
    ['version: 1', 'version: one', /^Line 2, version: /],
    ['[end of talk]', '["\\u200b"]', /^Line 22, rule 'stop', patterns\.0: holds nothing/],
  ]
  for (const [right, wrong, message] of mistakes)
    assert.match(faultOf(SOUND.replace(right, () => wrong)), message)
})

test('whatever a file holds, it becomes a policy or a coded error', () => {
  const pieces = fc.constantFrom(
    'rules:',
    '- ',
    'id: a',
    '\n',
    '  ',
    '&x',
    '*x',
    '{',
    ']',
    '!!js',
    "'",
    '|',
    ': ',
    '\0',
    'é',
  )
  const texts = fc.oneof(
    fc.string(),
    fc.array(pieces, { maxLength: 30 }).map((parts) => parts.join('')),
  )
  fc.assert(fc.property(texts, (text) => faultOf(text) !== ''))
  fc.assert(
    fc.property(fc.nat(SOUND.length), fc.nat(40), fc.string({ maxLength: 5 }), (at, length, text) => {
      try {
        loadPolicy(SOUND.slice(0, at) + text + SOUND.slice(at + length))
      } catch (error) {
        assert.ok(error instanceof RunaError && error.code === 'POLICY_INVALID', String(error))
      }
    }),
  )
  assert.match(faultOf(`a: &a [1]\nb: ${'['.repeat(20_000)}`), /./)
  assert.match(faultOf(`# ${'x'.repeat(1_100_000)}`), /larger than/)
})

test('the hash tells what a policy says, not how it was written down', () => {
  const { hash } = loadPolicy(SOUND)
  assert.match(hash, /^[0-9a-f]{64}$/)
  assert.equal(
    loadPolicy(`# a comment\n${SOUND.replace('id: house\nversion: 1', 'version: 1\nid: house')}`).hash,
    hash,
  )
  assert.notEqual(loadPolicy(SOUND.replace('Enough.', 'Enough!')).hash, hash)
  assert.notEqual(compilePolicies([loadPolicy(SOUND)]).hash, compilePolicies([]).hash)
})

test('two policies of one id do not go together, and two of different ids both count', () => {
  const policy = loadPolicy(SOUND)
  assert.throws(() => compilePolicies([policy, policy]), { code: 'POLICY_INVALID' })
  const other = loadPolicy(SOUND.replace('id: house', 'id: home').replace('be loud', 'be loud\n      - sing'))
  const { text, verdicts } = checkInput(compilePolicies([policy, other]), 'sing or be loud')
  assert.equal(text, '[masked: noise] or [masked: noise]')
  assert.deepEqual(
    verdicts.map((verdict) => verdict.policy),
    ['home', 'house', 'home'],
  )
})

test('a message is passed, masked or answered', () => {
  const policy = compilePolicies([loadPolicy(SOUND)])
  assert.deepEqual(checkInput(policy, 'good day'), {
    action: 'allow',
    text: 'good day',
    reply: undefined,
    verdicts: [],
  })
  assert.deepEqual(checkInput(policy, 'Be loud!').text, '[masked: noise]!')
  const blocked = checkInput(policy, 'be loud, then the end of talk. And more')
  assert.deepEqual([blocked.action, blocked.text, blocked.reply], ['block', '', 'Enough.'])
  assert.deepEqual(blocked.verdicts.at(-1), {
    policy: 'house',
    policyHash: policy.policies[0]?.hash,
    rule: 'stop',
    dimension: 'ends',
    action: 'block',
    direction: 'input',
    start: 18,
    end: 29,
  })
})

test('a rule counts in its own direction only', () => {
  const policy = compilePolicies([loadPolicy(SOUND)])
  const stream = createTokenStream(policy, 'output')
  assert.equal(stream.push(Buffer.from('the end of talk')).text + stream.end().text, 'the end of talk')
})

test('no policy at all lets everything through, and nothing is held back', () => {
  const stream = createTokenStream(compilePolicies([]), 'output')
  fc.assert(
    fc.property(fc.string({ unit: 'grapheme' }), (text) => stream.push(Buffer.from(text)).text === text),
  )
})

test('contacts are listed in their order, and a wrong list is refused', () => {
  const contacts = loadContacts('contacts:\n  - { where: Here, name: Somebody, call: "12 $& 3" }\n')
  const policy = loadPolicy(SOUND.replace('Enough.', '"Call: {contacts}"'), contacts)
  assert.equal(policy.rules[1]?.reply, 'Call: - Here: 12 $& 3 (Somebody)')
  assert.throws(() => loadContacts('contacts: []'), { code: 'POLICY_INVALID', message: /^Line 1/ })
})

test('exposure counts by dimension, and not the exceptions', () => {
  const policy = compilePolicies([loadPolicy(SOUND)])
  const { verdicts } = checkInput(policy, 'be loud, be loud, end of talk')
  const once = addExposure(NO_EXPOSURE, verdicts)
  assert.deepEqual(once, { counts: { noise: 2, ends: 1 } })
  const again = addExposure(JSON.parse(JSON.stringify(once)), verdicts)
  assert.deepEqual(again, { counts: { noise: 4, ends: 2 } })
  assert.deepEqual(NO_EXPOSURE, { counts: {} })
})
