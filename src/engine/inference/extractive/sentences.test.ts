import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { cutSentences } from './sentences.ts'

const textsOf = (text: string) => cutSentences(text).map((sentence) => sentence.text)

test('sentences end at their full stops, not at abbreviations or initials', () => {
  assert.deepEqual(textsOf('Dr. Who met J. R. Ewing. They spoke, e.g. of rain! Did it rain?  It did.'), [
    'Dr. Who met J. R. Ewing.',
    'They spoke, e.g. of rain!',
    'Did it rain?',
    'It did.',
  ])
})

test('a sentence that runs over lines is one, and a list item is one of its own', () => {
  const text =
    '# Heading\n\nCall me\nIshmael. Some years ago.\n\n- first item\n- second item\n  goes on\n\n> he said\n> so\n'
  assert.deepEqual(textsOf(text), [
    'Call me Ishmael.',
    'Some years ago.',
    'first item',
    'second item goes on',
    'he said so',
  ])
})

test('headings, tables, rules and code are left out', () => {
  assert.deepEqual(textsOf('## How?\n\n| a | b |\n|---|---|\n\n---\n\n```sh\nnpm start. Now.\n```\nDone.'), [
    'Done.',
  ])
})

test('offsets count bytes, whatever the characters', () => {
  fc.assert(
    fc.property(
      fc.array(fc.constantFrom('é', '漢字。', 'Word. ', 'a b', '\n', '\n\n', '- ', '🙂! ', '> ', '# ')),
      (parts) => {
        const text = parts.join('')
        const bytes = Buffer.from(text)
        let before = 0
        for (const { start, end, text: shown } of cutSentences(text)) {
          assert.ok(start >= before && end > start && end <= bytes.length)
          before = end
          const source = bytes.subarray(start, end).toString()
          assert.equal(source.replace(/[\s>]/g, ''), shown.replace(/[\s>]/g, ''))
        }
      },
    ),
  )
})
