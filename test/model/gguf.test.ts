import assert from 'node:assert/strict'
import { open, truncate, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { before, test } from 'node:test'
import fc from 'fast-check'
import { RunaError } from '#protocol'
import { describeGguf, estimateMemory } from '../../src/engine/inference/gguf/describe.ts'
import { HeaderCut, parseGguf } from '../../src/engine/inference/gguf/parse.ts'
import { storyModel, temporaryFolder, writeModel } from './fixtures.ts'
import { type GgufEntry, ggufBytes, ggufHeader } from './gguf.ts'
import { randomBert, randomLlama } from './random-models.ts'

const folder = await temporaryFolder()
const { entries, tensors } = randomLlama()
const header = ggufHeader(entries, tensors)
const WEIGHT_BYTES = tensors.reduce(
  (sum, { shape }) => sum + 4 * shape.reduce((product, size) => product * size, 1),
  0,
)
const FILE_BYTES = header.length + WEIGHT_BYTES + tensors.length * 32

let path: string
before(async () => {
  path = await writeModel(join(folder, 'llama.gguf'), randomLlama())
})

/** What a parse comes to, and nothing else it may: facts, a refusal, or the wish for more. */
function outcome(bytes: Buffer, fileBytes: number): 'facts' | 'refused' | 'cut' {
  try {
    parseGguf(bytes, fileBytes)
    return 'facts'
  } catch (error) {
    if (error instanceof HeaderCut) return 'cut'
    if (error instanceof RunaError && error.code === 'MODEL_INVALID') return 'refused'
    throw error
  }
}

test('a model is described as it describes itself', async () => {
  const facts = await describeGguf(path)
  assert.deepEqual(
    [
      facts.name,
      facts.architecture,
      facts.licence,
      facts.purpose,
      facts.hasChatTemplate,
      facts.contextTokens,
    ],
    ['Random llama', 'llama', 'apache-2.0', 'chat', true, 512],
  )
  assert.equal(facts.parameters, WEIGHT_BYTES / 4)
  // Two layers, two heads of 16 for keys and values each, two bytes a number.
  assert.equal(facts.cacheBytesPerToken, 2 * 2 * 32 * 2)
  assert.ok(estimateMemory(facts, 512) > facts.sizeBytes)
  const bert = await describeGguf(await writeModel(join(folder, 'bert.gguf'), randomBert()))
  assert.deepEqual([bert.purpose, bert.hasChatTemplate, bert.cacheBytesPerToken], ['embedding', false, 0])
})

test('a real model is described too', {
  skip: storyModel() === undefined && 'no model at hand',
}, async () => {
  const { architecture, purpose, hasChatTemplate, contextTokens } = await describeGguf(storyModel() ?? '')
  assert.deepEqual([architecture, purpose, hasChatTemplate], ['llama', 'chat', false])
  assert.ok(contextTokens > 0)
})

test('a file that was cut off is refused, wherever', async () => {
  for (let length = 0; length < header.length; length += 1) {
    assert.equal(outcome(header.subarray(0, length), length), 'refused', `at ${length}`)
    // The last bytes only fill up to where the weights begin.
    const isHeader = length > 4 && length <= header.length - 32
    if (isHeader) assert.equal(outcome(header.subarray(0, length), FILE_BYTES), 'cut', `at ${length}`)
  }
  assert.equal(outcome(header, FILE_BYTES), 'facts')
  await truncate(await writeModel(join(folder, 'cut.gguf'), randomLlama()), header.length + WEIGHT_BYTES / 2)
  await assert.rejects(describeGguf(join(folder, 'cut.gguf')), {
    code: 'MODEL_INVALID',
    message: /was cut off/,
  })
})

test('any change of a header is refused or understood, and costs no more than a good one', () => {
  const edits = fc.array(fc.tuple(fc.nat(header.length - 1), fc.nat(255)), { minLength: 1, maxLength: 6 })
  fc.assert(
    fc.property(edits, (changes) => {
      const bytes = Buffer.from(header)
      for (const [at, value] of changes) bytes.writeUInt8(value, at)
      assert.ok(outcome(bytes, FILE_BYTES))
    }),
    { numRuns: 3_000 },
  )
})

test('a count or a length that is far too large is refused', () => {
  const huge = fc.bigInt({ min: 2n ** 31n, max: 2n ** 64n - 1n })
  fc.assert(
    fc.property(fc.nat(header.length - 8), huge, (at, value) => {
      const bytes = Buffer.from(header)
      bytes.writeBigUInt64LE(value, at)
      assert.ok(outcome(bytes, FILE_BYTES))
    }),
    { numRuns: 2_000 },
  )
  const counts = Buffer.from(header)
  counts.writeBigUInt64LE(2n ** 40n, 8)
  assert.equal(outcome(counts, FILE_BYTES), 'refused')
})

test('any bytes after the mark are refused or understood', () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 256 }), (tail) => {
      const bytes = Buffer.concat([Buffer.from('GGUF\x03\0\0\0'), tail])
      assert.ok(outcome(bytes, bytes.length))
    }),
    { numRuns: 2_000 },
  )
})

test('what no model holds is refused with its reason', () => {
  const one = [{ name: 'a', shape: [32] }]
  const cases: [RegExp, readonly GgufEntry[], readonly { name: string; shape: number[] }[]][] = [
    [/no weights/, [], []],
    [
      /stands in it twice/,
      [
        ['a', 'uint32', 1],
        ['a', 'uint32', 1],
      ],
      one,
    ],
    [/have one name/, [], [...one, ...one]],
    [/size of a tensor is impossible/, [], [{ name: 'a', shape: [0] }]],
    [/5 dimensions/, [], [{ name: 'a', shape: [1, 1, 1, 1, 1] }]],
    [/alignment is 3/, [['general.alignment', 'uint32', 3]], one],
    [/bytes of a tensor's name/, [], [{ name: 'a'.repeat(300), shape: [1] }]],
  ]
  for (const [message, someEntries, someTensors] of cases) {
    assert.throws(() => parseGguf(ggufHeader(someEntries, someTensors), 10_000), {
      code: 'MODEL_INVALID',
      message,
    })
  }
  const written = ggufBytes([], [{ name: 'a', shape: [32], values: new Float32Array(32) }])
  assert.equal(outcome(written, written.length), 'facts')
})

test('a file without the facts of a model is refused', async () => {
  const bytes = ggufBytes([], [{ name: 'a', shape: [32], values: new Float32Array(32) }])
  await writeFile(join(folder, 'bare.gguf'), bytes)
  await assert.rejects(describeGguf(join(folder, 'bare.gguf')), {
    code: 'MODEL_INVALID',
    message: /which kind/,
  })
})

test('a header beyond the first bytes that are read is found', async () => {
  const words = Array.from({ length: 150_000 }, (_, index) => `a rather long word ${index}`)
  const large: GgufEntry[] = [
    ['general.architecture', 'string', 'llama'],
    ['tokenizer.ggml.tokens', 'strings', words],
  ]
  const written = join(folder, 'large.gguf')
  await writeFile(written, ggufBytes(large, [{ name: 'a', shape: [32], values: new Float32Array(32) }]))
  const file = await open(written)
  assert.ok((await file.stat()).size > 4 * 2 ** 20)
  await file.close()
  assert.equal((await describeGguf(written)).vocabularyTokens, 150_000)
})
