import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { mkdirSync, mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, test } from 'node:test'
import type { RunState } from './run-state.ts'
import { createRunStateFile } from './run-state-file.ts'

const folder = mkdtempSync(join(tmpdir(), 'runa-state-'))
after(() => rmSync(folder, { recursive: true }))

const state = (url: string) => ({ version: 1, url }) as RunState
const urlIn = (path: string) => (JSON.parse(readFileSync(path, 'utf8')) as RunState).url

async function untilSo(isSo: () => boolean): Promise<void> {
  while (!isSo()) await new Promise((resolve) => setTimeout(resolve, 10))
}

test('on a full disk the state is written over the one before', async (t) => {
  const disk = join(folder, 'disk')
  mkdirSync(disk)
  const mounted = spawnSync('mount', ['-t', 'tmpfs', '-o', 'size=1m', 'runa-test', disk]).status === 0
  if (!mounted) return t.skip('this user may not mount a disk to fill')
  after(() => spawnSync('umount', [disk]))
  const path = join(disk, 'runa.json')
  const file = createRunStateFile(path, () => assert.fail('it was written'))
  file.update(() => state('before'))
  await untilSo(() => spawnSync('test', ['-s', path]).status === 0)
  spawnSync('dd', ['if=/dev/zero', `of=${join(disk, 'filler')}`, 'bs=4096', 'status=none'])
  file.update(() => state('after'))
  await untilSo(() => readFileSync(path, 'utf8').includes('after'))
  assert.equal(urlIn(path), 'after')
  await file.remove()
})

test('a state that could not be told is asked for again', async () => {
  const path = join(folder, 'runa.json')
  const faults: unknown[] = []
  const file = createRunStateFile(path, (error) => faults.push(error))
  file.update(() => {
    if (faults.length === 0) throw Object.assign(new Error('EMFILE'), { code: 'EMFILE' })
    return state('told')
  })
  await untilSo(() => spawnSync('test', ['-s', path]).status === 0)
  assert.equal(urlIn(path), 'told')
  assert.equal(faults.length, 1)
  await file.remove()
})

test('what could not be written is written later, by itself', async () => {
  const path = join(folder, 'later', 'runa.json')
  const faults: unknown[] = []
  const file = createRunStateFile(path, (error) => faults.push(error))
  file.update(() => state('at last'))
  await untilSo(() => faults.length > 0)
  mkdirSync(join(folder, 'later'))
  await untilSo(() => spawnSync('test', ['-s', path]).status === 0)
  assert.equal(urlIn(path), 'at last')
  await file.remove()
})
