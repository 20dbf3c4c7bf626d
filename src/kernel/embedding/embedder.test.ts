import assert from 'node:assert/strict'
import { readFile } from 'node:fs/promises'
import { before, test } from 'node:test'
import fc from 'fast-check'
import { assetsFolder } from '#kernel/home'
import { createEmbedder, type Embedder, loadEmbedder } from './embedder.ts'
import { createTokenizer } from './tokenizer.ts'

let embedder: Embedder

before(async () => {
  embedder = await loadEmbedder()
})

/** A table of the given scales and weights, as a file would have it. */
function tableOf(scales: readonly number[], weights: readonly number[]): Buffer {
  const dimensions = weights.length / scales.length
  const header = Buffer.from(new Uint32Array([1, scales.length, dimensions]).buffer)
  const bytes = [Buffer.from(new Float32Array(scales).buffer), Buffer.from(new Int8Array(weights).buffer)]
  return Buffer.concat([Buffer.from('RNE1'), header, ...bytes])
}

function cosine(left: string, right: string): number {
  const [a, b] = [embedder.embed(left), embedder.embed(right)]
  return a.reduce((sum, value, index) => sum + value * (b[index] ?? 0), 0)
}

function tokensOf(vocabulary: readonly string[], text: string): number[] {
  const tokens: number[] = []
  createTokenizer(vocabulary).tokenize(text, (token) => tokens.push(token))
  return tokens
}

test('words of like meaning lie closer than words of different meaning', () => {
  assert.ok(cosine('the doctor treated the patient', 'a physician in a hospital') > 0.4)
  assert.ok(cosine('the doctor treated the patient', 'the ship sailed at dawn') < 0.3)
})

test('a vector has unit length, and a text without known words gives a zero vector', () => {
  const length = (text: string) => Math.hypot(...embedder.embed(text))
  assert.ok(Math.abs(length('call me by my name') - 1) < 1e-5)
  assert.equal(length(''), 0)
  assert.equal(length('北京 … !'), 0)
})

test('case and accents do not matter', () => {
  assert.deepEqual(embedder.embed('CAFÉ'), embedder.embed('cafe'))
})

test('a vector is the sum of its scaled weights', () => {
  const small = createEmbedder('small', tableOf([1, 0.5], [0, 2, 3, 0]), 'sun\n##flower\n')
  const sum = Math.hypot(1.5, 2)
  assert.deepEqual([...small.embed('Sunflower!')], [...new Float32Array([1.5 / sum, 2 / sum])])
  assert.equal(small.countTokens('sunflower sun'), 3)
})

test('a word outside the vocabulary is spelt by the longest pieces, or left out', () => {
  const vocabulary = ['a', 'ab', '##c', '##cd', '##d']
  assert.deepEqual(tokensOf(vocabulary, 'ab abc abcd ac'), [1, 1, 2, 1, 3, 0, 2])
  assert.deepEqual(tokensOf(vocabulary, 'abx xab'), [])
  assert.deepEqual(tokensOf(vocabulary, 'ab'.padEnd(65, 'c')), [])
})

test('any text gives a finite vector', () => {
  fc.assert(
    fc.property(fc.string({ unit: 'grapheme' }), (text) => {
      assert.ok(embedder.embed(text).every(Number.isFinite))
    }),
  )
})

test('a damaged table is refused with a code, wherever it was cut', async () => {
  const table = tableOf([1, 0.5], [0, 2, 3, 0])
  const open = (bytes: Buffer, vocabulary = 'sun\n##flower\n') => createEmbedder('small', bytes, vocabulary)
  for (let length = 0; length < table.length; length += 1) {
    assert.throws(() => open(table.subarray(0, length)), { code: 'EMBEDDING_INVALID' })
  }
  assert.throws(() => open(tableOf([1, Number.NaN], [0, 2, 3, 0])), { code: 'EMBEDDING_INVALID' })
  assert.throws(() => open(table, 'sun\n'), { code: 'EMBEDDING_INVALID', message: /1 pieces/ })
  assert.throws(() => open(table, 'sun\nsun\n'), { code: 'EMBEDDING_INVALID', message: /twice/ })
  await assert.rejects(loadEmbedder('/nowhere'), { code: 'EMBEDDING_INVALID' })
})

test('the name of a model changes with its bits', async () => {
  const table = Buffer.from(await readFile(assetsFolder('embedding', 'runa-embed-192.bin')))
  const vocabulary = await readFile(assetsFolder('embedding', 'vocab.txt'), 'utf8')
  assert.equal(createEmbedder('runa-embed-192', table, vocabulary).model, embedder.model)
  table.writeInt8(table.readInt8(table.length - 1) ^ 1, table.length - 1)
  assert.notEqual(createEmbedder('runa-embed-192', table, vocabulary).model, embedder.model)
})
