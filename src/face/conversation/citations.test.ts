import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { findCitations, type GivenPassage } from './citations.ts'

function passage(number: number, text: string, start = 100 * number): GivenPassage {
  const end = start + Buffer.byteLength(text)
  const place = { topic: 't', document: `${number}.md`, start, end }
  return { ...place, number, title: '', source: `/d/${number}.md`, headings: [], text, score: 1 }
}

test('a marker cites the whole passage, once, in the order of the answer', () => {
  const { citations, notices } = findCitations(
    'B [2], A [1]. B again [2, 1].',
    [passage(1, 'aa'), passage(2, 'b')],
    [],
  )
  assert.deepEqual(
    citations.map(({ number, start, end, text }) => [number, start, end, text]),
    [
      [2, 200, 201, 'b'],
      [1, 100, 102, 'aa'],
    ],
  )
  assert.deepEqual(notices, [])
})

test('a quote is cited to the byte, also among characters of several bytes', () => {
  const given = passage(1, 'Grüße. Der Wal taucht. Ende.')
  const start = 100 + Buffer.byteLength('Grüße. ')
  const end = start + Buffer.byteLength('Der Wal taucht.')
  const { citations } = findCitations('„Der Wal taucht.“ [1]', [given], [{ number: 1, start, end }])
  assert.deepEqual(
    citations.map(({ text }) => text),
    ['Der Wal taucht.'],
  )
  assert.deepEqual([citations[0]?.start, citations[0]?.end], [start, end])
})

test('what was never given is dropped and told, and so is a place that does not exist', () => {
  const { citations, notices } = findCitations(
    'A [1]. B [7].',
    [passage(1, 'aü')],
    [{ number: 1, start: 100, end: 102 }],
  )
  assert.deepEqual(citations, [])
  assert.deepEqual(
    notices.map(({ kind, detail }) => [kind, /\[\d\]/.exec(detail)?.[0]]),
    [
      ['citation-dropped', '[1]'],
      ['citation-dropped', '[7]'],
    ],
  )
})

test('a passage whose text is not what its offsets say is not cited', () => {
  const wrong = { ...passage(1, 'abc'), end: 999 }
  assert.deepEqual(findCitations('A [1].', [wrong], []).citations, [])
})

test('what stands in code is no citation', () => {
  const answer = 'Use `list[1]`, or\n```\nlist[2]\n```\nand [1].'
  const { citations, notices } = findCitations(answer, [passage(1, 'a')], [])
  assert.deepEqual([citations.length, notices.length], [1, 0])
})

test('every citation is exactly the bytes of its document', () => {
  const anyPassages = fc.array(fc.string({ unit: 'grapheme', minLength: 1, maxLength: 30 }), { maxLength: 5 })
  const anyQuotes = fc.array(fc.record({ number: fc.nat(6), start: fc.nat(700), end: fc.nat(700) }), {
    maxLength: 5,
  })
  fc.assert(
    fc.property(anyPassages, anyQuotes, fc.string(), (texts, quotes, answer) => {
      const document = Buffer.from(texts.join(''))
      let start = 0
      const given = texts.map((text, index) => {
        const next = passage(index + 1, text, start)
        start = next.end
        return next
      })
      for (const { start: from, end, text } of findCitations(`${answer}[1][2]`, given, quotes).citations) {
        assert.equal(document.subarray(from, end).toString(), text)
      }
    }),
  )
})
