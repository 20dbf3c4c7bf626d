import assert from 'node:assert/strict'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, test } from 'node:test'
import { keepThreads, type Measured } from './kept-threads.ts'

const folder = await mkdtemp(join(tmpdir(), 'runa-threads-'))
after(() => rm(folder, { recursive: true }))

const MEASURED: Measured = { digest: 'd', build: 'engine 1', most: 7 }

test('what was measured once holds at the next loading, for the same model, engine and cores', async () => {
  const path = join(folder, 'm.threads.json')
  assert.equal(await keepThreads(path, MEASURED, async () => 4), 4)
  assert.equal(await keepThreads(path, MEASURED, async () => 2), 4)
  for (const other of [{ digest: 'e' }, { build: 'engine 2' }, { most: 3 }]) {
    assert.equal(await keepThreads(path, { ...MEASURED, ...other }, async () => 2), 2)
    assert.equal(await keepThreads(path, MEASURED, async () => 4), 4)
  }
})

test('a file that is damaged or cannot be written costs a measurement, not the model', async () => {
  const path = join(folder, 'damaged.threads.json')
  await writeFile(path, '{"digest": "d", "thre')
  assert.equal(await keepThreads(path, MEASURED, async () => 3), 3)
  assert.equal(await keepThreads(path, MEASURED, async () => 1), 3)
  assert.equal(await keepThreads(join(folder, 'no', 'folder'), MEASURED, async () => 5), 5)
})
