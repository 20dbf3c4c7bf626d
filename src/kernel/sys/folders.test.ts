import assert from 'node:assert/strict'
import { mkdtempSync, rmSync, statSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, test } from 'node:test'
import { makeFolders } from './folders.ts'

const root = mkdtempSync(join(tmpdir(), 'runa-folders-'))
after(() => rmSync(root, { recursive: true }))

test('folders are made step by step, for their owner alone, and the first of them is named', () => {
  const folder = join(root, 'a', 'b', 'c')
  assert.equal(makeFolders(folder), join(root, 'a'))
  for (const path of [join(root, 'a'), folder]) assert.equal(statSync(path).mode & 0o777, 0o700)
  assert.equal(makeFolders(folder), undefined)
  assert.equal(makeFolders(join(folder, 'd')), join(folder, 'd'))
})

test('a place where the system makes no folder is refused at once', () => {
  assert.throws(() => makeFolders('/proc/nowhere/deeper/still'), { code: 'ENOENT' })
})

test('what is no folder is left as it is', () => {
  const [file, link] = [join(root, 'file'), join(root, 'link')]
  writeFileSync(file, 'mine')
  symlinkSync(join(root, 'gone'), link)
  for (const path of [file, join(file, 'below'), link, join(link, 'below')]) {
    assert.throws(() => makeFolders(path), { code: /^(EEXIST|ENOTDIR)$/ }, path)
  }
})
