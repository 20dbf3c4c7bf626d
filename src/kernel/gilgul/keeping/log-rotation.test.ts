import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { closeSync, existsSync, mkdtempSync, readFileSync, rmSync, statSync, writeSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, test } from 'node:test'
import { lastWords, openLog } from './log-file.ts'
import { rotateLog } from './log-rotation.ts'

const folder = mkdtempSync(join(tmpdir(), 'runa-rotation-'))
after(() => rmSync(folder, { recursive: true }))

/** A file system that cannot take the start out of a file. */
function remove(): never {
  throw Object.assign(new Error('fallocate'), { code: 'EOPNOTSUPP' })
}

const whole = (path: string) => `${readFileSync(`${path}.1`, 'utf8')}${readFileSync(path, 'utf8')}`

test('a log beyond its limit is moved away, and who writes it goes on at its new end', async () => {
  for (const [name, options] of Object.entries({ taken: {}, emptied: { remove } })) {
    const path = join(folder, `${name}.log`)
    const fd = openLog(path)
    writeSync(fd, 'first\n'.repeat(2_000))
    await rotateLog(path, { ...options, sizeBytesMax: 12_000 })
    assert.ok(!existsSync(`${path}.1`))
    await rotateLog(path, { ...options, sizeBytesMax: 11_999 })
    writeSync(fd, 'second\n')
    closeSync(fd)
    assert.ok(statSync(path).size < 5_000)
    assert.equal(whole(path), `${'first\n'.repeat(2_000)}second\n`)
    assert.equal(lastWords(path, 20_000).at(-1), 'second')
    for (const file of [path, `${path}.1`]) assert.equal(statSync(file).mode & 0o777, 0o600)
    assert.ok(!existsSync(`${path}.new`))
  }
})

test('a short log can be emptied as well', async () => {
  const path = join(folder, 'short.log')
  const fd = openLog(path)
  writeSync(fd, 'first\n')
  await rotateLog(path, { sizeBytesMax: 5 })
  writeSync(fd, 'second\n')
  closeSync(fd)
  assert.equal(readFileSync(path, 'utf8'), 'second\n')
  assert.equal(readFileSync(`${path}.1`, 'utf8'), 'first\n')
})

const LINES = 50_000
const WRITER = `
  const { writeSync } = require('node:fs')
  for (let line = 1; line <= ${LINES}; line += 1) writeSync(1, line + '\\n')`

test('a service that writes all the while loses no line to a rotation', async (t) => {
  const path = join(folder, 'busy.log')
  const fd = openLog(path)
  const writer = spawn(process.execPath, ['-e', WRITER], { stdio: ['ignore', fd, 'inherit'] })
  const ended = once(writer, 'exit')
  closeSync(fd)
  let text = ''
  let rotations = 0
  while (writer.exitCode === null) {
    await new Promise((resolve) => setImmediate(resolve))
    const before = existsSync(`${path}.1`) ? statSync(`${path}.1`).ino : 0
    await rotateLog(path, { sizeBytesMax: 20_000 })
    if (!existsSync(`${path}.1`) || statSync(`${path}.1`).ino === before) continue
    rotations += 1
    text += readFileSync(`${path}.1`, 'utf8')
  }
  await ended
  text += readFileSync(path, 'utf8')
  const written = text.split('\n').slice(0, -1).map(Number)
  const canTake = statSync(path).size > 0
  if (!canTake) return t.skip('This file system cannot take the start out of a file.')
  assert.ok(rotations > 0)
  assert.deepEqual(
    written,
    Array.from({ length: LINES }, (_, index) => index + 1),
  )
})
