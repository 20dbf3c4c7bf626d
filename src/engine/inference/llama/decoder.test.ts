import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import type { Token } from 'node-llama-cpp'
import { createDecoder } from './decoder.ts'

/** A model whose tokens are bytes, and which leaves out a space at the very beginning, as real ones do. */
const bytesModel = {
  detokenize: (tokens: readonly Token[]) => Buffer.from(tokens).toString().replace(/^ /, ''),
}

function decode(text: string, prompt = 'begin'): string[] {
  const decoder = createDecoder(bytesModel, [...Buffer.from(prompt)] as Token[])
  const pieces = [...Buffer.from(text)].map((byte) => decoder.push(byte as Token))
  return [...pieces, decoder.end()]
}

test('a character comes out once it is whole, and nothing is lost', () => {
  assert.deepEqual(decode('é!'), ['', 'é', '!', ''])
  fc.assert(
    fc.property(fc.string({ unit: 'grapheme' }), (text) => {
      fc.pre(!text.includes('\uFFFD'))
      assert.equal(decode(text).join(''), text)
    }),
  )
})

test('spaces between words stay, however long the text', () => {
  const text = ' word'.repeat(50)
  assert.equal(decode(text).join(''), text)
})

test('bytes that never become a character do not hold up the rest for ever', () => {
  const decoder = createDecoder(bytesModel, [])
  const said =
    [0xf0, 0x41, 0x42, 0x43, 0x44].map((byte) => decoder.push(byte as Token)).join('') + decoder.end()
  assert.match(said, /ABCD$/)
  const open = createDecoder(bytesModel, [])
  assert.deepEqual([open.push(0xc3 as Token), open.end()], ['', '\uFFFD'])
})
