import assert from 'node:assert/strict'
import { test } from 'node:test'
import { type AnswerRecord, type Explanation, explanationSchema, type Setting, type Verdict } from '#protocol'
import { EARLIER, RECORD, THREAD } from './record-fixture.ts'
import { explain } from './why.ts'

type Subject = Explanation['groups'][number]['about']

const NO_WORDS = new Map<string, string[]>()

function sentences(
  record: AnswerRecord,
  about: Subject,
  beside: Partial<Parameters<typeof explain>[1]> = {},
) {
  const explanation = explain(record, { words: NO_WORDS, ...beside })
  assert.deepEqual(explanationSchema.parse(explanation), explanation)
  return explanation.groups.find((group) => group.about === about)?.sentences ?? []
}

const texts = (...parameters: Parameters<typeof sentences>) =>
  sentences(...parameters).map(({ text }) => text)

test('an explanation says what was asked, who answered with what, and how long it took', () => {
  assert.deepEqual(texts(RECORD, 'asked'), ['On 2026-01-02 at 10:30 (UTC) you asked: “Do whales dive?”'])
  const [model, engine, dice, persona] = texts(RECORD, 'answered-by')
  assert.equal(model, "The model 'small' (SHA-256 dddddddddddd…) answered, on this machine.")
  assert.match(
    engine ?? '',
    /^It was computed by engine 1, with its code for x64 haswell, one thread, room for 256/,
  )
  assert.match(dice ?? '', /drawn by lot .*temperature 0\.7, seed 42\.$/)
  assert.match(persona ?? '', /'default'/)
  assert.deepEqual(texts(RECORD, 'time'), [
    'Looking things up took 12 ms for your documents, 3 ms for how you like to be spoken to, side by side.',
    'The engine said its first word 40 ms after it was asked.',
    'It read 30 tokens and wrote 4 tokens.',
    'In all it took 1.5 s.',
  ])
})

test('each passage says where it stands, and whether the answer names it', () => {
  const [passage] = RECORD.passages
  assert.ok(passage)
  const { text: _, ...place } = passage
  const cited = { ...RECORD, citations: [{ ...place, source: '', text: 'Whales dive.' }] }
  const [count, whales] = sentences(cited, 'read')
  assert.match(count?.text ?? '', /given one passage .* names 1 of them/)
  assert.match(
    whales?.text ?? '',
    /^\[1\] Whales: whales\.md in the topic sea, bytes 7 to 19\. The answer names it\.$/,
  )
  assert.deepEqual(whales?.place, { topic: 'sea', document: 'whales.md', start: 7, end: 19 })
  assert.match(texts(RECORD, 'read')[1] ?? '', /does not name it/)
})

test('what the room for a prompt was used for is told', () => {
  const budget = {
    ...{ tokensMax: 3_000, fixedTokens: 200 },
    parts: [
      { part: 'history' as const, tokens: 50, leftOut: 0 },
      { part: 'memory' as const, tokens: 0, leftOut: 0 },
    ],
  }
  assert.equal(
    texts({ ...RECORD, budget }, 'read').at(-1),
    'There was room for some 3000 tokens of prompt, by estimate: 200 were persona and question, 50 this conversation.',
  )
})

test('a setting says why it held, since when, and in which words the person asked for it', () => {
  const setting: Setting = {
    ...{ dimension: 'length', level: 'short', source: 'explicit', locked: false, day: 20_454, turn: EARLIER },
    reason: 'You asked for it in a message on 2026-01-01.',
  }
  const record: AnswerRecord = { ...RECORD, manner: { mode: 'focus', settings: [setting] } }
  const words = new Map([[EARLIER, ['Shorter, please', 'Yes.']]])
  const [mode, said] = sentences(record, 'manner', { words })
  assert.equal(mode?.text, "The mode 'focus' was on.")
  assert.equal(
    said?.text,
    'How long: short. You asked for it in a message on 2026-01-01. You said: “Shorter, please”',
  )
  assert.equal(said?.turn, EARLIER)
  assert.match(texts(record, 'manner')[1] ?? '', /is forgotten by now\.$/)
})

test('what it remembered is quoted as far as it was read, or named as forgotten', () => {
  const used = { turn: EARLIER, utterance: 1, start: 0, end: 6, thread: THREAD, at: RECORD.at, score: 1 }
  const record: AnswerRecord = { ...RECORD, memory: { asked: true, used: [used] } }
  const words = new Map([[EARLIER, ['What?', 'Whales sing.']]])
  assert.deepEqual(texts(record, 'remembered', { words }), [
    'In another conversation, on 2026-01-02, an answer was: “Whales”',
  ])
  assert.match(texts(record, 'remembered')[0] ?? '', /forgotten by now/)
  assert.match(
    texts({ ...record, memory: { asked: true, used: [] } }, 'remembered')[0] ?? '',
    /given nothing/,
  )
})

test('what the policy did is told by rule and token, never by what it found', () => {
  const verdict: Verdict = {
    ...{ policy: 'default', policyHash: 'p', rule: 'card-number', dimension: 'privacy', action: 'mask' },
    ...{ direction: 'output', start: 3, end: 19, tokens: { from: 1, to: 5 } },
  }
  assert.deepEqual(texts({ ...RECORD, verdicts: [verdict] }, 'policy'), [
    "The rule 'card-number' of the policy 'default' (privacy) found something in the answer, tokens 1 to 5. It was masked.",
  ])
  assert.match(texts(RECORD, 'policy')[0] ?? '', /^The policies looked at every token, and found nothing/)
  const off = { ...RECORD, computation: { ...RECORD.computation, policy: '' } } as AnswerRecord
  assert.match(texts(off, 'policy')[0] ?? '', /switched off/)
})

test('what was left out and what somebody thought of it are told, and nothing where there is nothing', () => {
  const notice = { kind: 'history-shortened', detail: 'The oldest 2 messages did not fit.' } as const
  assert.deepEqual(texts({ ...RECORD, notices: [notice] }, 'left-out'), [notice.detail])
  const feedback = { at: RECORD.at, verdict: 'down', correction: 'Some do.' } as const
  assert.deepEqual(texts(RECORD, 'feedback', { feedback }), [
    'On 2026-01-02 you said that it is not good.',
    'You said what would have been right: “Some do.”',
  ])
  const { groups } = explain(RECORD, { words: NO_WORDS })
  assert.deepEqual(
    groups.map(({ about }) => about),
    ['asked', 'answered-by', 'read', 'policy', 'time'],
  )
})

test('a record of an earlier Runa, and an answer that never began, are explained as far as they go', () => {
  const { computation: _, tokensDigest: __, ...old } = RECORD
  assert.match(texts(old, 'answered-by')[1] ?? '', /did not write down/)
  const never: AnswerRecord = {
    ...old,
    model: { id: '', engine: 'none', digest: '' },
    reason: 'stopped',
    answer: '',
  }
  assert.deepEqual(texts(never, 'answered-by'), [
    'No engine had begun to answer.',
    'You stopped it before it had ended.',
  ])
  assert.deepEqual(texts(never, 'read'), [])
})
