import assert from 'node:assert/strict'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, test } from 'node:test'
import { createStage, LIMITS, spec } from './stage-fixture.ts'

test('what lies in a file is tried again once the file has changed, and no sooner', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'runa-keeper-'))
  after(() => rmSync(folder, { recursive: true }))
  const path = join(folder, 'runa.yaml')
  writeFileSync(path, 'wrong')
  const { supervisor, launched, last, until, stateOf } = createStage([spec('a')], [], { 10: [path] })
  void supervisor.start()
  last('a').die({ code: 10 })
  await until('a', 'failed')
  assert.equal(launched.length, 1)
  assert.equal(supervisor.find('a').standing().trouble?.cause, 'bad-configuration')
  assert.deepEqual(supervisor.find('a').legacy().awaits, [path])
  writeFileSync(path, 'right, and longer')
  await until('a', 'starting')
  supervisor.find('a').heard()
  assert.equal(stateOf('a'), 'running')
})

test('who waits for a file to change is started at once where a person wants it', async () => {
  const { supervisor, last, until } = createStage([spec('a')], [], { 10: ['/nonexistent/runa.yaml'] })
  void supervisor.start()
  last('a').die({ code: 10 })
  await until('a', 'failed')
  supervisor.find('a').start()
  const running = supervisor.find('a').running()
  await until('a', 'starting')
  supervisor.find('a').heard()
  await running
  await supervisor.stop()
})

test('one that died of another waits for that one, and is not given up', async () => {
  const { supervisor, last, until } = createStage([spec('a'), spec('talk', ['a'])])
  void supervisor.start()
  for (const name of ['a', 'talk']) supervisor.find(name).heard()
  for (const name of ['a', 'talk']) last(name).die({ code: 11 })
  await until('talk', 'waiting')
  await until('a', 'starting')
  supervisor.find('a').heard()
  await until('talk', 'starting')
})

test('a model that there is no memory for is started with less; a processor that does not fit ends it at once', async () => {
  const { supervisor, launched, last, until } = createStage([])
  const model = supervisor.add(spec('model-a', [], { kind: 'model' }))
  model.start()
  last('model-a').die({ code: 12 })
  await until('model-a', 'backoff')
  await until('model-a', 'starting')
  assert.equal(model.spec.readyMs, LIMITS.readyMs / 2)
  last('model-a').die({ code: 13 })
  await until('model-a', 'failed')
  assert.equal(launched.length, 2)
})
