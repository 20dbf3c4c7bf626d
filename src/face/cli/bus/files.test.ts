import assert from 'node:assert/strict'
import {
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, test } from 'node:test'
import { isThere, readNamedFile, refuseNoFolder, refuseToReplace, writeNamedFile } from './files.ts'

const folder = mkdtempSync(join(tmpdir(), 'runa-named-files-'))
after(() => rmSync(folder, { recursive: true }))

test('a folder, and a file that is not there, are refused in words when they are read', () => {
  assert.throws(() => readNamedFile(folder), {
    code: 'BAD_INPUT',
    message: `${folder} cannot be read: it is a folder.`,
  })
  assert.throws(() => readNamedFile(join(folder, 'none')), { code: 'FILE_NOT_FOUND' })
  const file = join(folder, 'file')
  writeFileSync(file, 'x')
  assert.equal(readNamedFile(file).toString(), 'x')
  assert.throws(() => readNamedFile(join(file, 'below')), { message: /a part of its path is no folder/ })
})

test('a folder, and a place in no folder, are refused in words when they are written, and nothing is left', () => {
  mkdirSync(join(folder, 'inner'))
  const before = readdirSync(folder)
  assert.throws(() => writeNamedFile(join(folder, 'inner'), Buffer.from('x'), true), {
    code: 'BAD_INPUT',
    message: /cannot be written: it is a folder/,
  })
  assert.throws(() => writeNamedFile(join(folder, 'none', 'x'), Buffer.from('x'), false), {
    code: 'FILE_NOT_FOUND',
    message: new RegExp(`there is no folder ${join(folder, 'none')}`),
  })
  assert.deepEqual(readdirSync(folder), before)
})

test("a file that is there is replaced only where that was asked for, and is its owner's alone", () => {
  const path = join(folder, 'values')
  writeNamedFile(path, Buffer.from('old'), false)
  assert.throws(() => writeNamedFile(path, Buffer.from('new'), false), {
    code: 'BAD_INPUT',
    message: /--replace/,
  })
  assert.throws(() => refuseToReplace(path, false), { code: 'BAD_INPUT' })
  assert.equal(readFileSync(path, 'utf8'), 'old')
  writeNamedFile(path, Buffer.from('new'), true)
  assert.equal(readFileSync(path, 'utf8'), 'new')
  assert.equal(statSync(path).mode & 0o777, 0o600)
})

test('a device stays a device', () => {
  writeNamedFile('/dev/null', Buffer.from('x'), false)
  assert.ok(statSync('/dev/null').isCharacterDevice())
})

test('a file where a folder was expected is refused; one that is not there yet is not', () => {
  const file = join(folder, 'no-folder')
  writeFileSync(file, '')
  assert.throws(() => refuseNoFolder(file), { code: 'BAD_INPUT', message: /is a file/ })
  refuseNoFolder(join(folder, 'to-be-made'))
})

test('a bus that is not there, or behind a link to nothing, is absent', () => {
  const link = join(folder, 'link')
  symlinkSync(join(folder, 'gone'), link)
  assert.deepEqual([isThere(link), isThere(join(folder, 'gone')), isThere(folder)], [false, false, true])
})
