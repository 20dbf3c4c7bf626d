import assert from 'node:assert/strict'
import { appendFileSync, closeSync, mkdtempSync, readFileSync, rmSync, statSync, writeSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, test } from 'node:test'
import { lastWords, logSizeBytes, openLog, rotateLog } from './log-file.ts'

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

test('a log beyond its limit is moved away, and who writes it goes on at its new end', async () => {
  const path = join(folder, 'rotated.log')
  const fd = openLog(path)
  writeSync(fd, 'first\n')
  await rotateLog(path, 6)
  assert.equal(readFileSync(path, 'utf8'), 'first\n')
  await rotateLog(path, 5)
  writeSync(fd, 'second\n')
  closeSync(fd)
  assert.equal(readFileSync(path, 'utf8'), 'second\n')
  assert.equal(readFileSync(`${path}.1`, 'utf8'), 'first\n')
  assert.deepEqual(lastWords(path, 1_000), ['second'])
  assert.equal(statSync(path).mode & 0o777, 0o600)
})
