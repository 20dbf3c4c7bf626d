import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { harmless } from './harmless.ts'
import { formatBytes, formatDuration, formatMemory, formatTable, wholeNumber } from './output.ts'
import { createProgress } from './progress.ts'

test('sizes and times are short enough to read', () => {
  assert.deepEqual([0, 999, 1_000, 48_300_000, 1.5e12].map(formatBytes), [
    '0 bytes',
    '999 bytes',
    '1.0 KB',
    '48.3 MB',
    '1.5 TB',
  ])
  assert.deepEqual([0, 59_999, 61_000, 7_260_000, 9e7].map(formatDuration), [
    '0 s',
    '59 s',
    '1 min 1 s',
    '2 h 1 min',
    '1 d 1 h',
  ])
})

test('of a bus, a size is shown in the powers of 1,024 in which it was asked for', () => {
  assert.deepEqual([0, 1, 1_023, 1_024, 8 * 2 ** 20, 2 ** 30 - 1, 2 ** 30].map(formatMemory), [
    '0 bytes',
    '1 byte',
    '1023 bytes',
    '1.0 KiB',
    '8.0 MiB',
    '1.0 GiB',
    '1.0 GiB',
  ])
})

test('columns are as wide as their widest cell, and no line ends in blanks', () => {
  assert.equal(
    formatTable([
      ['A', 'B'],
      ['long', ''],
      ['x', 'y'],
    ]),
    'A     B\nlong\nx     y',
  )
})

test('a name with a line end in it makes no second row', () => {
  assert.equal(formatTable([['A'], ['new\nline']]), 'A\nnew line')
})

test('a number is whole, and within its bounds', () => {
  assert.equal(wholeNumber('-k', '8', 10), 8)
  for (const wrong of ['', '11', '-1', '1.5', '1e1', 'x']) {
    assert.throws(() => wholeNumber('-k', wrong, 10), { code: 'BAD_INPUT', message: /-k/ })
  }
})

function draw(isTerminal: boolean, width = 40) {
  const written: string[] = []
  let now = 0
  const progress = createProgress({
    write: (text) => written.push(text),
    isTerminal,
    width,
    nowMs: () => now,
  })
  const wait = (ms: number) => {
    now += ms
  }
  return { progress, written, wait }
}

test('on a terminal a bar moves in one line, and a note stays above it', () => {
  const { progress, written, wait } = draw(true, 80)
  progress.show(1, 2, 'a.md')
  wait(1_000)
  progress.note('skipped b.md')
  progress.show(2, 2, 'c.md')
  progress.end()
  const clear = '\r\u001b[K'
  const half = `${'█'.repeat(12)}${'░'.repeat(12)} 1/2 a.md`
  assert.deepEqual(written, [half, clear, 'skipped b.md\n', `${'█'.repeat(24)} 2/2 c.md`, clear])
})

test('a bar never runs over its line', () => {
  fc.assert(
    fc.property(fc.string({ maxLength: 200 }), fc.integer({ min: 20, max: 100 }), (label, width) => {
      const { progress, written } = draw(true, width)
      progress.show(1, 3, label)
      assert.ok((written[0] ?? '').length < width)
    }),
  )
})

test('where there is no terminal, a line comes now and then', () => {
  const { progress, written, wait } = draw(false)
  for (let done = 0; done < 50; done += 1) {
    progress.show(done, 50, 'x.md')
    wait(100)
  }
  progress.end()
  assert.deepEqual(written, ['20 of 50: x.md\n', '40 of 50: x.md\n'])
})

test('what a document or a model says cannot steer the terminal', () => {
  assert.equal(
    harmless('\u001b[31mred\u0007\r\n\tand \u009b2Jmore — ünïcode\u007f'),
    '[31mred\n\tand 2Jmore — ünïcode',
  )
})
