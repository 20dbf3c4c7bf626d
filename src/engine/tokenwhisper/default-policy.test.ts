import assert from 'node:assert/strict'
import { existsSync, readFileSync } from 'node:fs'
import { describe, test } from 'node:test'
import { fileURLToPath } from 'node:url'
import { gunzipSync } from 'node:zlib'
import fc from 'fast-check'
import { checkText } from './check.ts'
import { compilePolicies } from './compile.ts'
import { loadPolicyFolders } from './folder.ts'
import { createTokenStream } from './stream.ts'
import type { Direction } from './verdict.ts'

const ROOT = new URL('../../../../', import.meta.url)
const compiled = compilePolicies(await loadPolicyFolders([fileURLToPath(new URL('assets/policies', ROOT))]))
const shared = process.env['RUNA_SHARED'] ?? fileURLToPath(new URL('../shared', ROOT))
const skip = existsSync(`${shared}/data/policy`) ? false : 'the shared test data is not beside this checkout'

const alphanumeric = [...'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789']
const body = (length: number, extra = '') =>
  fc
    .array(fc.constantFrom(...alphanumeric, ...extra), { minLength: length, maxLength: length })
    .map((characters) => characters.join(''))
const capitals = (length: number) => body(length).map((text) => text.toUpperCase())
const lines = (text: string) => text.replace(/.{64}/g, '$&\n')

const secrets: Readonly<Record<string, fc.Arbitrary<string>>> = {
  'an access key of AWS': capitals(16).map((text) => `AKIA${text}`),
  'a secret key of AWS': body(40, '/+').map((text) => `aws_secret_access_key = "${text}"`),
  'a key of Google': body(35, '_-').map((text) => `AIza${text}`),
  'a token of GitHub': body(36).map((text) => `ghp_${text}`),
  'a fine-grained token of GitHub': body(59).map((text) => `github_pat_${text.slice(0, 22)}_${text}`),
  'a token of GitLab': body(20, '_-').map((text) => `glpat-${text}`),
  'a token of npm': body(36).map((text) => `npm_${text}`),
  'a token of Slack': body(24).map((text) => `xoxb-123456789012-1234567890123-${text}`),
  'a key of OpenAI': body(48).map((text) => `sk-${text}`),
  'a project key of OpenAI': body(120, '_-').map((text) => `sk-proj-${text}`),
  'a key of Stripe': body(24).map((text) => `sk_live_${text}`),
  'a key of SendGrid': body(65, '_-').map((text) => `SG.${text.slice(0, 22)}.${text.slice(22)}`),
  'a hook of Slack': body(24).map((text) => `https://hooks.slack.com/services/T0123ABCD/B0123ABCD/${text}`),
  'a web token': fc
    .tuple(body(40, '_-'), body(43, '_-'))
    .map(([claims, mark]) => `eyJhbGciOiJIUzI1NiJ9.eyJ${claims}.${mark}`),
  'a private key': body(1_600, '+/').map(
    (text) => `-----BEGIN RSA PRIVATE KEY-----\n${lines(text)}\n-----END RSA PRIVATE KEY-----`,
  ),
  'a private key that was cut off': body(300, '+/').map(
    (text) => `-----BEGIN OPENSSH PRIVATE KEY-----\n${lines(text)}`,
  ),
  'a key of Runa': body(43, '_-').map((text) => `runa_${text}`),
}

for (const [name, secret] of Object.entries(secrets)) {
  test(`${name} is masked, wherever it stands and however it arrives`, () => {
    const sizes = fc.array(fc.integer({ min: 1, max: 12 }), { minLength: 1, maxLength: 6 })
    const around = fc.constantFrom(['', ''], ['The key is ', '. Keep it safe.'], ['KEY="', '"\n'], ['(', ')'])
    fc.assert(
      fc.property(secret, around, sizes, (written, [before = '', after = ''], cuts) => {
        const stream = createTokenStream(compiled, 'output')
        const bytes = Buffer.from(before + written + after)
        let released = ''
        for (let at = 0, turn = 0; at < bytes.length; turn += 1) {
          const size = cuts[turn % cuts.length] ?? 1
          released += stream.push(bytes.subarray(at, at + size)).text
          at += size
        }
        released += stream.end().text
        assert.match(released, /\[masked: [a-zA-Z ]+\]/)
        for (let at = 0; at + 12 <= written.length; at += 1) {
          const part = written.slice(at, at + 12)
          assert.ok(
            !/[A-Za-z0-9]{12}/.test(part) || !released.includes(part),
            `${part} of the secret came out`,
          )
        }
      }),
      { numRuns: 40 },
    )
  })
}

test('who writes of wanting to die gets the reply, with the contacts in it', () => {
  const { reply = '', action } = checkText(compiled, 'I want to die', 'input')
  assert.equal(action, 'block')
  for (const words of [
    /computer program/,
    /cannot call for help/,
    /in danger right now/,
    /emergency number/,
  ]) {
    assert.match(reply, words)
  }
  for (const number of ['112', '999', '988', '116 123', '0800 111 0 111', '13 11 14', 'findahelpline.com']) {
    assert.ok(reply.includes(number), number)
  }
  assert.ok(!reply.includes('{'))
})

test('a model that writes about suicide is not cut off', () => {
  const { action } = checkText(compiled, 'He wrote: I want to die. Then his friend came.', 'output')
  assert.equal(action, 'allow')
})

describe('on text that somebody else wrote', { skip }, () => {
  const read = (name: string) => readFileSync(`${shared}/data/${name}`)
  const objects = (text: string): unknown[] =>
    text
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line))
  const flagged = (texts: readonly string[], direction: Direction) =>
    texts.filter((text) => checkText(compiled, text, direction).action !== 'allow').length

  test('harmless instructions raise no alarm, in either direction', () => {
    const files = ['alpaca_seed_tasks', 'mtbench_question', 'vicuna_question', 'user_oriented_instructions']
    const texts = files.flatMap((file) => objects(String(read(`policy/${file}.jsonl`))).flatMap(stringsIn))
    assert.ok(texts.length > 2_000)
    assert.deepEqual([flagged(texts, 'input'), flagged(texts, 'output')], [0, 0])
  })

  test('a long novel raises no alarm for secrets, and at most one for its words', () => {
    const paragraphs = String(read('text/moby.txt')).split(/\n\s*\n/)
    assert.ok(paragraphs.length > 2_000)
    assert.equal(flagged(paragraphs, 'output'), 0)
    assert.ok(flagged(paragraphs, 'input') <= 1)
  })

  test('questions that only sound dangerous are not taken for intent', () => {
    const safe = String(read('policy/xstest_prompts.csv'))
      .split('\n')
      .filter((line) => /,safe,/.test(line))
    assert.ok(safe.length > 200)
    assert.equal(flagged(safe, 'input'), 0)
  })

  test('of posts about self-harm, at least the plainly worded ones are caught', () => {
    const posts = objects(String(gunzipSync(read('policy/openai_mod_1680.jsonl.gz')))) as {
      readonly prompt: string
      readonly SH?: number
    }[]
    const about = posts.filter((post) => post.SH === 1).map((post) => post.prompt)
    const others = posts.filter((post) => post.SH !== 1).map((post) => post.prompt)
    assert.ok(flagged(about, 'input') >= 12, 'recall is what the README says')
    assert.ok(flagged(others, 'input') <= 7, 'false alarms are what the README says')
    assert.equal(flagged([...about, ...others], 'output'), 0)
  })
})

function stringsIn(value: unknown): string[] {
  if (typeof value === 'string') return [value]
  return typeof value === 'object' && value !== null ? Object.values(value).flatMap(stringsIn) : []
}
