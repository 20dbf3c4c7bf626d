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

test('what the owner wants done about a cause goes before what Runa would do, and is not gone beyond', async () => {
  const onFailure = { 'port-taken': [{ run: ['free-it'], timeoutSeconds: 1 }, 'give-up' as const] }
  const { supervisor, launched, last, until, repairs } = createStage([spec('a', [], { onFailure })])
  void supervisor.start()
  supervisor.find('a').heard()
  last('a').die({ code: 9 })
  await until('a', 'backoff')
  await until('a', 'starting')
  assert.deepEqual(repairs, ['a port-taken free-it'])
  // Without a word of the owner, one that was well is tried once more.
  supervisor.find('a').heard()
  last('a').die({ code: 9 })
  await until('a', 'failed')
  assert.deepEqual([launched.length, repairs.length], [2, 1])
  assert.deepEqual(supervisor.find('a').standing().trouble?.repairs, [
    'A program of its owner is run, then it is started again.',
    'It is not started again by itself.',
  ])
})

test('a group is stopped with the one that says so, and stays so until somebody starts it', async () => {
  const group = { name: 'g', strategy: 'one_for_one' as const }
  const onFailure = { 'illegal-instruction': ['stop-group' as const] }
  const { supervisor, last, until, stateOf } = createStage([
    spec('a', [], { group, onFailure }),
    spec('b', [], { group }),
    spec('c'),
  ])
  void supervisor.start()
  for (const name of ['a', 'b']) supervisor.find(name).heard()
  await until('c', 'starting')
  supervisor.find('c').heard()
  last('a').die({ code: 13 })
  await until('b', 'failed')
  assert.deepEqual([stateOf('a'), stateOf('c')], ['failed', 'running'])
  assert.match(supervisor.find('b').legacy().failure ?? '', /^a has died/)
  supervisor.find('b').start()
  assert.equal(stateOf('b'), 'starting')
})

test('who is given up for dying too often has the last steps of its owner, once', async () => {
  const onFailure = { 'crash-loop': [{ run: ['tell-me'], timeoutSeconds: 1 }] }
  const { supervisor, last, until, repairs } = createStage([spec('a', [], { onFailure })])
  void supervisor.start()
  for (let death = 1; death <= 3; death += 1) {
    last('a').die({ code: 1 })
    if (death < 3) await until('a', 'backoff')
    if (death < 3) await until('a', 'starting')
  }
  await until('a', 'failed')
  assert.deepEqual(repairs, ['a crash-loop tell-me'])
  assert.equal(supervisor.find('a').standing().trouble?.cause, 'crash-loop')
})
