import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { CHUNK_WEIGHT_MAX, cutIntoChunks } from './chunking.ts'

const cut = (text: string, isMarkdown = true) => [...cutIntoChunks(text, 0, isMarkdown)]
const texts = (text: string, isMarkdown = true) =>
  cut(text, isMarkdown).map(({ start, end }) => text.slice(start, end))
const words = (count: number, word = 'word') => Array.from({ length: count }, () => word).join(' ')

test('chunks follow one another, with nothing but white space between, and none is too large', () => {
  const lines = fc.constantFrom(
    '',
    '# One',
    '## Two',
    'Title\n===',
    '```',
    '   ',
    'Some words here.',
    '\t',
    words(90),
    words(700),
    '字'.repeat(900),
    'x'.repeat(5_000),
    '🐋'.repeat(2_000),
  )
  const documents = fc.array(fc.oneof(lines, fc.string({ unit: 'grapheme' })), { maxLength: 30 })
  const newlines = fc.constantFrom('\n', '\r\n', '\n\n')
  fc.assert(
    fc.property(documents, newlines, fc.boolean(), (parts, newline, isMarkdown) => {
      const text = parts.join(newline)
      let covered = 0
      for (const { start, end } of cut(text, isMarkdown)) {
        assert.equal(text.slice(covered, start).trim(), '')
        const chunk = text.slice(start, end)
        assert.equal(chunk, chunk.trim())
        assert.equal(Buffer.from(chunk).toString(), chunk)
        assert.ok(chunk.length / 7 <= CHUNK_WEIGHT_MAX + 1)
        assert.ok(chunk.split(/[\t\n\r ]+/).length <= CHUNK_WEIGHT_MAX)
        covered = end
      }
      assert.equal(text.slice(covered).trim(), '')
    }),
    { numRuns: 150 },
  )
})

test('a section opens a chunk, which knows the headings above it', () => {
  const text = `# Ships\n\n${words(100)}\n\n## Masts\n\n${words(100)}\n\n# Whales\n\n${words(100)}\n`
  assert.deepEqual(
    cut(text).map(({ headings }) => headings),
    [['Ships'], ['Ships', 'Masts'], ['Whales']],
  )
})

test('a heading that is underlined counts, and one in code does not', () => {
  const text = `Ships\n=====\n\n${words(100)}\n\n\`\`\`\n# not a heading\n\n# nor this\n\`\`\`\n`
  assert.deepEqual(
    cut(text).map(({ headings }) => headings),
    [['Ships']],
  )
})

test('chapters of a plain book are sections', () => {
  const text = `CHAPTER 1. Loomings.\r\n\r\n${words(100)}\r\n\r\nCHAPTER II\r\n\r\n${words(100)}`
  assert.deepEqual(
    cut(text, false).map(({ headings }) => headings),
    [['CHAPTER 1. Loomings.'], ['CHAPTER II']],
  )
})

test('small sections share a chunk, so that none is but a line', () => {
  assert.equal(cut('# A\n\none\n\n# B\n\ntwo\n\n# C\n\nthree').length, 1)
})

test('odd texts of a megabyte are cut in no time', () => {
  const odd = [
    `# a${' '.repeat(1e6)}b`,
    `# a${' #'.repeat(5e5)}`,
    '#'.repeat(1e6),
    '---\n'.repeat(2.5e5),
    '. '.repeat(5e5),
  ]
  for (const text of odd) assert.ok(cut(text).length > 0)
})

test('a long paragraph is cut at the end of a sentence', () => {
  const sentence = `${words(19)} end.`
  for (const chunk of texts(Array.from({ length: 60 }, () => sentence).join(' ')))
    assert.match(chunk, /end\.$/)
})

test('paragraphs are kept whole where they fit', () => {
  const paragraphs = Array.from({ length: 8 }, (_, index) => words(100, `p${index}`))
  assert.deepEqual(
    texts(paragraphs.join('\n\n')).flatMap((chunk) => chunk.split('\n\n')),
    paragraphs,
  )
})
