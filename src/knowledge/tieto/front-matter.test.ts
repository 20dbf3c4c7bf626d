import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { readFrontMatter } from './front-matter.ts'

test('front matter becomes metadata, and the text begins behind it', () => {
  const text = '---\ntitle: Ships\nyear: 1851\ntags: [sea, oil]\ndate: 2024-01-05\n---\n# Ships\n'
  const { metadata, bodyStart } = readFrontMatter(text)
  assert.deepEqual(metadata, { title: 'Ships', year: 1851, tags: ['sea', 'oil'], date: '2024-01-05' })
  assert.equal(text.slice(bodyStart), '# Ships\n')
})

test('a byte order mark and line ends of Windows do not hide it', () => {
  const { metadata, bodyStart } = readFrontMatter('\uFEFF---\r\nyear: 1851\r\n---\r\nText')
  assert.deepEqual([metadata, bodyStart], [{ year: 1851 }, 23])
})

test('a rule at the beginning is no front matter', () => {
  for (const text of [
    '---\n\nOnce upon a time\n',
    '---\nJust a sentence.\n---\nmore',
    'text\n---\na: 1\n---\n',
    '',
  ]) {
    assert.deepEqual(readFrontMatter(text), { metadata: {}, bodyStart: 0 })
  }
})

test('broken YAML is refused with the line of the file', () => {
  const refuses = (text: string, message: RegExp) =>
    assert.throws(() => readFrontMatter(text), { code: 'DOCUMENT_INVALID', message })
  refuses('---\ntitle: Ships\ntags: [sea\n---\n', /line [34]: /)
  refuses('---\na: 1\na: 2\n---\n', /line 3: .*unique/i)
  refuses(
    `---\n${Array.from({ length: 12 }, (_, depth) => `${' '.repeat(depth)}a:`).join('\n')} 1\n---\n`,
    /nested/,
  )
})

test('references that multiply are refused', () => {
  const levels = Array.from(
    { length: 7 },
    (_, level) => `l${level + 1}: &l${level + 1} [*l${level}, *l${level}, *l${level}, *l${level}]`,
  )
  const text = `---\nl0: &l0 [x, x, x, x]\n${levels.join('\n')}\n---\n`
  assert.throws(() => readFrontMatter(text), { code: 'DOCUMENT_INVALID' })
})

test('any beginning is either read or refused with a code, and what is read is JSON', () => {
  const pieces = fc.constantFrom(
    'a',
    ': ',
    '- ',
    '[',
    ']',
    '{',
    '}',
    '\n',
    '  ',
    '"',
    '&x ',
    '*x',
    '!!',
    '.inf',
    '2024-01-01',
    '# ',
    '|',
    '? ',
    '~',
  )
  fc.assert(
    fc.property(fc.array(pieces, { maxLength: 20 }), (parts) => {
      try {
        const { metadata } = readFrontMatter(`---\n${parts.join('')}\n---\ntext`)
        assert.deepEqual(JSON.parse(JSON.stringify(metadata)), metadata)
      } catch (error) {
        assert.equal((error as { code?: string }).code, 'DOCUMENT_INVALID', String(error))
      }
    }),
  )
})
