import assert from 'node:assert/strict'
import { appendFileSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, test } from 'node:test'
import { lastWords, logSizeBytes } from './log-file.ts'

const folder = mkdtempSync(join(tmpdir(), 'runa-log-'))
after(() => rmSync(folder, { recursive: true }))

test('the last words are those since the start, in whole', () => {
  const path = join(folder, 'words.log')
  assert.deepEqual(lastWords(path, 0), [])
  appendFileSync(path, 'of an earlier life\n')
  const start = logSizeBytes(path)
  assert.deepEqual(lastWords(path, start), [])
  appendFileSync(path, 'one\n\ntwo')
  assert.deepEqual(lastWords(path, start), ['one', 'two'])
})

test('of a long log only the end is read', () => {
  const path = join(folder, 'long.log')
  appendFileSync(path, 'x'.repeat(50).concat('\n').repeat(10_000))
  const words = lastWords(path, 0)
  assert.ok(words.length > 100 && words.length < 1_000)
})
