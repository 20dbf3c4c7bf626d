import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { createLine, readAll, readLines } from './hidden-input.ts'

test('what is typed without being shown can be corrected, and ends with Enter', () => {
  const line = createLine()
  assert.equal(line.type(Buffer.from('wrong\u0015')), 'more')
  assert.equal(line.type(Buffer.from('seven quiét\u007f\u007fet h\r')), 'end')
  assert.equal(line.take().toString(), 'seven quiet h')
  assert.equal(line.type(Buffer.from('never mind\u0003')), 'cancel')
})

test('whatever is erased, whole letters go', () => {
  fc.assert(
    fc.property(fc.array(fc.string({ unit: 'grapheme', minLength: 1, maxLength: 3 })), (words) => {
      const letters = [...words.join('')].filter((letter) => letter >= ' ' && letter !== '\u007f')
      const line = createLine()
      line.type(Buffer.from(`${letters.join('')}ß\u007f`))
      assert.equal(line.take().toString(), letters.join(''))
      line.type(Buffer.from(letters.join('') + '\b'.repeat(letters.length)))
      assert.equal(line.take().length, 0)
    }),
  )
})

test('a line has an end, also where nobody ends it', () => {
  const line = createLine()
  // Only where it ends: until then the terminal must go on showing nothing.
  assert.equal(line.type(Buffer.alloc(5_000, 'a')), 'more')
  assert.throws(() => line.type(Buffer.from('b\r')), { code: 'BAD_INPUT' })
  assert.equal(line.type(Buffer.from('\x15short\r')), 'end')
  assert.equal(line.take().toString(), 'short')
})

test('a terminal that would show what is typed is not read', async () => {
  const before = Object.getOwnPropertyDescriptor(process.stdin, 'isTTY')
  Object.defineProperty(process.stdin, 'isTTY', { value: true, configurable: true })
  try {
    assert.throws(() => readLines(), { code: 'BAD_INPUT' })
    await assert.rejects(readAll(100), { code: 'BAD_INPUT' })
  } finally {
    Object.defineProperty(process.stdin, 'isTTY', before ?? { value: undefined, configurable: true })
  }
})
