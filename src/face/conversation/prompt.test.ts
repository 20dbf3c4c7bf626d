import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import type { GivenPassage } from './citations.ts'
import { buildPrompt, type PastMessage } from './prompt.ts'

const ROOM = { sizeBytesMax: 10_000, readsPassages: true }
const system: PastMessage[] = [{ origin: 'persona default', role: 'system', content: 'Be kind.' }]

function passage(number: number, text: string): GivenPassage {
  const place = { topic: 't', document: 'd.md', start: 0, end: Buffer.byteLength(text) }
  return { ...place, number, title: 'Title', source: '', headings: ['Part'], text, score: 1 }
}

function past(texts: readonly string[]): PastMessage[] {
  return texts.map((content, index) => ({
    origin: 'turn',
    role: index % 2 === 0 ? 'user' : 'assistant',
    content,
  }))
}

const parts = {
  system,
  manner: '',
  recalled: [],
  turn: null,
  looked: 'not-asked',
  passages: [],
  history: [],
  question: 'Why?',
} as const

test('persona, passages, history and question stand in this order, with one system message', () => {
  const built = buildPrompt(
    { ...parts, looked: 'found', passages: [passage(1, 'Whales dive.')], history: past(['Hi', 'Hello']) },
    ROOM,
  )
  assert.deepEqual(
    built.messages.map(({ role }) => role),
    ['system', 'user', 'assistant', 'user'],
  )
  assert.match(built.messages[0]?.content ?? '', /^Be kind\.[\s\S]*\[1\] Title > Part\nWhales dive\.$/)
  assert.deepEqual(
    built.record.map(({ origin }) => origin),
    ['persona default', 'passages', 'turn', 'turn', 'question'],
  )
  assert.deepEqual(built.notices, [])
})

test('the model is told that nothing fitted only where somebody asked for documents', () => {
  const systemOf = (looked: 'nothing' | 'failed' | 'not-asked') =>
    buildPrompt({ ...parts, looked }, ROOM).messages[0]?.content
  assert.match(systemOf('nothing') ?? '', /nothing in them fits/)
  assert.match(systemOf('failed') ?? '', /could not be searched/)
  assert.equal(systemOf('not-asked'), 'Be kind.')
})

test('what does not fit is left out openly: the oldest turns, the weakest passages', () => {
  const history = past(['a'.repeat(400), 'b'.repeat(400), 'c'.repeat(100), 'd'.repeat(100)])
  const passages = [passage(1, 'x'.repeat(200)), passage(2, 'y'.repeat(400))]
  const built = buildPrompt(
    { ...parts, looked: 'found', passages, history },
    { ...ROOM, sizeBytesMax: 1_500 },
  )
  assert.deepEqual(
    built.passages.map(({ number }) => number),
    [1],
  )
  assert.deepEqual(
    built.messages.slice(1).map(({ content }) => content[0]),
    ['c', 'd', 'W'],
  )
  assert.deepEqual(
    built.notices.map(({ kind }) => kind),
    ['history-shortened', 'passages-shortened'],
  )
})

test('an engine that only quotes is given everything that was found', () => {
  const passages = Array.from({ length: 20 }, (_, index) => passage(index + 1, 'x'.repeat(400)))
  const built = buildPrompt(
    { ...parts, looked: 'found', passages },
    { sizeBytesMax: 500, readsPassages: false },
  )
  assert.equal(built.passages.length, 20)
})

test('no prompt is larger than its room, save for what is never cut, and none begins with an answer', () => {
  const anyTexts = fc.array(fc.string({ unit: 'grapheme', maxLength: 80 }), { maxLength: 12 })
  fc.assert(
    fc.property(anyTexts, anyTexts, fc.nat(3_000), (history, found, sizeBytesMax) => {
      const passages = found.map((text, index) => passage(index + 1, text))
      const built = buildPrompt(
        { ...parts, looked: 'found', passages, history: past(history) },
        { ...ROOM, sizeBytesMax },
      )
      const spentBytes = built.messages.reduce((sum, { content }) => sum + Buffer.byteLength(content), 0)
      const neverCutBytes = 500
      assert.ok(spentBytes <= Math.max(0, sizeBytesMax) + neverCutBytes)
      const talk = built.messages.filter(({ role }) => role !== 'system')
      assert.equal(talk[0]?.role, 'user')
      assert.equal(talk.at(-1)?.content, 'Why?')
    }),
  )
})
