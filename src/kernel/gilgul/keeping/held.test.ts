import assert from 'node:assert/strict'
import { test } from 'node:test'
import { createStage, LIMITS, spec } from './stage-fixture.ts'

const SEALED = 'It waits for the vault.'
const QUICK = { restart: { ...LIMITS.restart, pauseFirstMs: 1, pauseMaxMs: 1 } }

test('a service that is held waits and says why, also after a death, and what needs nothing of the kind runs', async () => {
  const sealed = { now: true }
  const specs = [spec('free'), spec('memory', [], QUICK), spec('talk', ['memory'], QUICK)]
  const { supervisor, last, until, launched } = createStage(specs, [], {}, ({ name }) =>
    sealed.now && name === 'memory' ? SEALED : undefined,
  )
  const reasonOf = (name: string) => supervisor.find(name).standing().reason
  const settled = supervisor.start()
  await until('free', 'starting')
  supervisor.find('free').heard()
  // Nothing more can come of it before the vault is open.
  await settled
  assert.deepEqual(
    launched.map(({ name }) => name),
    ['free'],
  )
  assert.equal(reasonOf('memory'), SEALED)

  sealed.now = false
  const opened = supervisor.start()
  for (const name of ['memory', 'talk']) {
    await until(name, 'starting')
    supervisor.find(name).heard()
  }
  await opened

  sealed.now = true
  last('memory').die({ code: 1 })
  await until('memory', 'waiting')
  assert.equal(reasonOf('memory'), SEALED)
  assert.equal(supervisor.find('talk').standing().state, 'running')
  sealed.now = false
  void supervisor.start()
  await until('memory', 'starting')
  await supervisor.stop()
})
