import assert from 'node:assert/strict'
import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, test } from 'node:test'
import { copyModel, idFromPath } from './file.ts'

let folder: string
before(async () => {
  folder = await mkdtemp(join(tmpdir(), 'runa-model-file-'))
})
after(() => rm(folder, { recursive: true }))

test('a copy has the id for a name, and never takes the place of a file that is there', async () => {
  const original = join(folder, 'own.gguf')
  await writeFile(original, 'weights')
  assert.equal(await copyModel(original, folder, 'copy'), join(folder, 'copy.gguf'))
  // Whoever fails to add a copy deletes it: the person's own file must not be taken for one.
  await assert.rejects(copyModel(original, folder, 'own'), { code: 'MODEL_EXISTS' })
  assert.equal(await readFile(original, 'utf8'), 'weights')
  await assert.rejects(copyModel(join(folder, 'none'), folder, 'new'), { code: 'FILE_NOT_FOUND' })
  assert.deepEqual((await readdir(folder)).sort(), ['copy.gguf', 'own.gguf'])
})

test('the name of a file becomes an id that the contract takes', () => {
  assert.equal(idFromPath('/models/Small Model-Q4.gguf'), 'Small-Model-Q4')
  assert.equal(idFromPath('/models/…gguf'), 'gguf')
  assert.equal(idFromPath('/models/….gguf'), 'model')
})
