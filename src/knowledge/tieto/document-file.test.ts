import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { type Document, openSource, readChunks } from './document.ts'
import { decodeDocument, encodeDocument, nameInDamaged } from './document-file.ts'

function documentOf(text: string): Document {
  const bytes = Buffer.from(text)
  const opened = openSource({ path: '/somewhere/a.md', name: 'a.md', bytes, modifiedAt: 1 })
  const chunks = [...readChunks(opened)].map((chunk) => ({ ...chunk, vector: Int8Array.of(-127, 0, 127) }))
  return {
    document: 'a.md',
    title: 'A',
    source: '/somewhere/a.md',
    sha256: opened.sha256,
    sizeBytes: bytes.length,
    modifiedAt: 1,
    ingestedAt: 2,
    metadata: opened.metadata,
    embedding: 'small:1',
    preamble: bytes.subarray(0, chunks[0]?.start).toString(),
    chunks,
  }
}

const SAMPLE = '\uFEFF---\r\nyear: 1851\r\n---\r\n\r\n# Größe\r\n\r\nCall me Ishmael. 🐋\r\n\r\n'.concat(
  'Whale. '.repeat(600),
)

test('offsets count the bytes of the source, whatever its line ends, marks and letters are', () => {
  const parts = fc.constantFrom(
    '\uFEFF',
    '# Ö\n',
    '\r\n\r\n',
    '🐋 ',
    'naïve ',
    '海'.repeat(800),
    'word '.repeat(400),
    '\n',
  )
  fc.assert(
    fc.property(fc.array(parts, { maxLength: 12 }), (pieces) => {
      const text = pieces.join('')
      fc.pre(text.trim() !== '')
      const bytes = Buffer.from(text)
      const { chunks, preamble } = documentOf(text)
      for (const chunk of chunks) assert.equal(bytes.subarray(chunk.start, chunk.end).toString(), chunk.text)
      assert.equal(preamble + chunks.map((chunk) => chunk.text + chunk.after).join(''), text)
    }),
    { numRuns: 60 },
  )
})

test('what is written is what is read', () => {
  const document = documentOf(SAMPLE)
  assert.ok(document.chunks.length > 1)
  assert.deepEqual(decodeDocument(Buffer.from(encodeDocument(document))), document)
})

test('a file that is cut anywhere, or has a bit flipped anywhere, is found', () => {
  const bytes = Buffer.from(encodeDocument(documentOf(SAMPLE)))
  fc.assert(
    fc.property(fc.nat(bytes.length - 1), fc.nat(7), (position, bit) => {
      assert.throws(() => decodeDocument(bytes.subarray(0, position)), { code: 'TOPIC_CORRUPT' })
      const flipped = Buffer.from(bytes)
      flipped.writeUInt8(flipped.readUInt8(position) ^ (1 << bit), position)
      assert.throws(() => decodeDocument(flipped), { code: 'TOPIC_CORRUPT' })
    }),
    { numRuns: 300 },
  )
})

test('a damaged file still tells its name where it can', () => {
  const bytes = Buffer.from(encodeDocument(documentOf(SAMPLE)))
  assert.equal(nameInDamaged(bytes.subarray(0, bytes.length - 9)), 'a.md')
  assert.equal(nameInDamaged(bytes.subarray(0, 9)), undefined)
})

test('what is empty, binary or in another encoding is refused', () => {
  const open = (bytes: Buffer) => openSource({ path: '/a.txt', name: 'a.txt', bytes, modifiedAt: 1 })
  for (const text of ['', ' \r\n', '\uFEFF', '---\na: 1\n---\n']) {
    assert.throws(() => open(Buffer.from(text)), { code: 'DOCUMENT_INVALID', message: /no text/ })
  }
  for (const bytes of [[65, 0, 66], [65, 0xff, 0xfe], [0xc3]]) {
    assert.throws(() => open(Buffer.from(bytes)), { code: 'DOCUMENT_INVALID', message: /binary/ })
  }
  for (const bytes of [
    Buffer.from('\uFEFFhello', 'utf16le'),
    Buffer.from('\uFEFFhello', 'utf16le').swap16(),
  ]) {
    assert.throws(() => open(bytes), { code: 'DOCUMENT_INVALID', message: /UTF-16/ })
  }
})
